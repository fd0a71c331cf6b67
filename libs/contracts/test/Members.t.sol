// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainRegistry} from "../contracts/ChainRegistry.sol";
import {TransferLedger} from "../contracts/TransferLedger.sol";
import {IMembers} from "../contracts/interfaces/IMembers.sol";
import {IOwners} from "../contracts/interfaces/IOwners.sol";
import {Consortium} from "./support/Consortium.sol";

/// @dev What TransferLedger and StoremanRegistry have in common.
contract MembersTest is Consortium {
    TransferLedger private ledger;
    address private constant ACCOUNT = address(0xB1);

    function setUp() public {
        registry = new ChainRegistry(owners(), 2);
        ledger = new TransferLedger(address(registry), 1 ether, 2);
        vm.deal(address(this), 10 ether);
    }

    function refusesAdmission(bytes memory call, bytes memory error_) private {
        vm.prank(NORTH);
        mustCall(address(ledger), call);
        vm.prank(SOUTH);
        (bool ok, bytes memory data) = address(ledger).call(call);
        assertTrue(!ok, "accepted");
        assertEq(keccak256(data), keccak256(error_), "another error");
    }

    function test_Admit_needsTwoOwnersAndABond() public {
        vm.prank(NORTH);
        ledger.admit("voucher-1", ACCOUNT, address(0x99), HPKE_KEY);
        assertEq(ledger.members().length, 0, "admitted by one owner");
        vm.prank(SOUTH);
        ledger.admit("voucher-1", ACCOUNT, address(0x99), HPKE_KEY);
        assertEq(ledger.members().length, 1, "members");
        assertTrue(!ledger.isActive(ACCOUNT), "active without a bond");
        ledger.bond{value: 0.4 ether}(ACCOUNT);
        assertTrue(!ledger.isActive(ACCOUNT), "active with a short bond");
        ledger.bond{value: 0.6 ether}(ACCOUNT);
        assertTrue(ledger.isActive(ACCOUNT), "not active");
        assertEq(ledger.memberOf(ACCOUNT).messageKey, address(0x99), "messageKey");
        assertEq(ledger.memberOf(ACCOUNT).bond, 1 ether, "bond");
    }

    function test_Admit_isTheOwnersAlone() public {
        expectError(abi.encodeWithSelector(IOwners.NotOwner.selector, address(this)));
        ledger.admit("voucher-1", ACCOUNT, address(0x99), HPKE_KEY);
    }

    function test_Admit_namesTheFieldItRefuses() public {
        bytes4 field = IMembers.BadField.selector;
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("", ACCOUNT, address(1), HPKE_KEY)), abi.encodeWithSelector(field, "name")
        );
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("v", address(0), address(1), HPKE_KEY)),
            abi.encodeWithSelector(field, "account")
        );
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("v", ACCOUNT, address(0), HPKE_KEY)),
            abi.encodeWithSelector(field, "messageKey")
        );
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("v", ACCOUNT, address(1), hex"04")),
            abi.encodeWithSelector(field, "hpkeKey")
        );
    }

    function test_Admit_refusesANameOrAnAccountTwice() public {
        admit(address(ledger), "voucher-1", ACCOUNT);
        bytes4 known = IMembers.KnownMember.selector;
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("voucher-1", address(0xB2), address(1), HPKE_KEY)),
            abi.encodeWithSelector(known, "voucher-1")
        );
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("voucher-2", ACCOUNT, address(1), HPKE_KEY)),
            abi.encodeWithSelector(known, "voucher-2")
        );
    }

    function test_Admit_refusesAMessageKeyTwice() public {
        byTwoOwners(
            address(ledger), abi.encodeCall(IMembers.admit, ("voucher-1", ACCOUNT, address(0x99), HPKE_KEY))
        );
        refusesAdmission(
            abi.encodeCall(IMembers.admit, ("voucher-2", address(0xB2), address(0x99), HPKE_KEY)),
            abi.encodeWithSelector(IMembers.KnownMessageKey.selector, address(0x99))
        );
    }

    function test_Bond_refusesAStrangerAndTheRetired() public {
        expectError(abi.encodeWithSelector(IMembers.UnknownMember.selector, ACCOUNT));
        ledger.bond{value: 1}(ACCOUNT);
        admit(address(ledger), "voucher-1", ACCOUNT);
        byTwoOwners(address(ledger), abi.encodeCall(IMembers.retire, (ACCOUNT)));
        expectError(abi.encodeWithSelector(IMembers.NotActive.selector, ACCOUNT));
        ledger.bond{value: 1}(ACCOUNT);
    }

    function test_Withdraw_paysTheRetiredOnceAWeekLater() public {
        vm.warp(1000);
        admitBonded(address(ledger), "voucher-1", ACCOUNT);
        expectError(abi.encodeWithSelector(IMembers.NotRetired.selector, ACCOUNT));
        ledger.withdraw(ACCOUNT);
        byTwoOwners(address(ledger), abi.encodeCall(IMembers.retire, (ACCOUNT)));
        vm.warp(1000 + 7 days - 1);
        byTwoOwners(address(ledger), abi.encodeCall(IMembers.retire, (ACCOUNT))); // holds it no longer
        expectError(abi.encodeWithSelector(IMembers.BondHeld.selector, 1000 + 7 days));
        ledger.withdraw(ACCOUNT);
        vm.warp(1000 + 7 days);
        ledger.withdraw(ACCOUNT);
        assertEq(ACCOUNT.balance, 1 ether, "paid");
        ledger.withdraw(ACCOUNT);
        assertEq(ACCOUNT.balance, 1 ether, "paid twice");
        assertEq(address(ledger).balance, 0, "left over");
    }

    function test_Withdraw_refusesAStrangerAndAnAccountThatTakesNothing() public {
        expectError(abi.encodeWithSelector(IMembers.UnknownMember.selector, ACCOUNT));
        ledger.withdraw(ACCOUNT);
        admitBonded(address(ledger), "voucher-1", address(registry));
        byTwoOwners(address(ledger), abi.encodeCall(IMembers.retire, (address(registry))));
        vm.warp(block.timestamp + 7 days);
        expectError(abi.encodeWithSelector(IMembers.TransferFailed.selector));
        ledger.withdraw(address(registry));
    }

    function test_MemberOf_refusesAStranger() public {
        expectError(abi.encodeWithSelector(IMembers.UnknownMember.selector, ACCOUNT));
        ledger.memberOf(ACCOUNT);
    }
}
