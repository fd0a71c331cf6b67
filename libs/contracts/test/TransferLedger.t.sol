// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainRegistry} from "../contracts/ChainRegistry.sol";
import {TransferLedger} from "../contracts/TransferLedger.sol";
import {IChainRegistry} from "../contracts/interfaces/IChainRegistry.sol";
import {IMembers} from "../contracts/interfaces/IMembers.sol";
import {ITransferLedger} from "../contracts/interfaces/ITransferLedger.sol";
import {Consortium} from "./support/Consortium.sol";

contract TransferLedgerTest is Consortium {
    TransferLedger private ledger;
    ITransferLedger.Vouch private seen;
    address private constant V1 = address(0xB1);
    address private constant V2 = address(0xB2);
    address private constant V3 = address(0xB3);

    function setUp() public {
        registry = new ChainRegistry(owners(), 2);
        byTwoOwners(
            address(registry), abi.encodeCall(IChainRegistry.register, (NORTH_UID, hospital("north", NORTH)))
        );
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.setContracts, (NORTH_UID, transferContracts(20))));
        ledger = new TransferLedger(address(registry), 1 ether, 2);
        admitBonded(address(ledger), "voucher-1", V1);
        admitBonded(address(ledger), "voucher-2", V2);
        admitBonded(address(ledger), "voucher-3", V3);
        seen = ITransferLedger.Vouch({
            homeUid: NORTH_UID,
            lockedAccount: address(20),
            destinationUid: bytes32(uint256(0x22)),
            grantId: bytes32(uint256(0x33)),
            ringHash: bytes32(uint256(0x44)),
            blockNumber: 77,
            blockHash: bytes32(uint256(0x55))
        });
    }

    function vouch(address voucher) private {
        vm.prank(voucher);
        ledger.vouch(seen);
    }

    function test_Constructor_refusesZeros() public {
        expectError(abi.encodeWithSelector(IMembers.BadField.selector, "chainRegistry"));
        new TransferLedger(address(0), 1, 2);
        expectError(abi.encodeWithSelector(IMembers.BadField.selector, "vouchesNeeded"));
        new TransferLedger(address(registry), 1, 0);
    }

    function test_Digest_joinsTheFieldsWithoutLengths() public view {
        bytes32 expected = keccak256(
            abi.encodePacked(
                bytes13("cpds/v1/vouch"),
                seen.homeUid,
                bytes20(seen.lockedAccount),
                seen.grantId,
                seen.ringHash,
                bytes8(uint64(77)),
                seen.blockHash
            )
        );
        assertEq(ledger.digestOf(seen), expected, "digest");
    }

    function test_Vouch_decidesAtTwoOfTheSame() public {
        bytes32 digest = ledger.digestOf(seen);
        vm.expectEmit(address(ledger));
        emit ITransferLedger.VouchGiven(seen.grantId, V1, digest, 1, seen);
        vouch(V1);
        vm.snapshotGasLastCall("gas", "TransferLedger.vouch, first");
        assertEq(ledger.transferOf(seen.grantId).digest, 0, "decided by one");
        vm.roll(12);
        vm.expectEmit(address(ledger));
        emit ITransferLedger.TransferVouched(seen.grantId, digest, NORTH_UID, seen.destinationUid);
        vouch(V2);
        ITransferLedger.Transfer memory transfer = ledger.transferOf(seen.grantId);
        assertEq(transfer.digest, digest, "digest");
        assertEq(transfer.homeUid, NORTH_UID, "home");
        assertEq(transfer.destinationUid, seen.destinationUid, "destination");
        assertEq(transfer.decidedAt, 12, "decidedAt");
        assertEq(ledger.countOf(digest, seen.destinationUid), 2, "count");
        vouch(V3);
        assertEq(ledger.transferOf(seen.grantId).decidedAt, 12, "decided again");
    }

    function test_Vouch_ofOneLiarDoesNotOccupyTheGrant() public {
        seen.blockHash = bytes32(uint256(0xbad));
        vouch(V1);
        seen.blockHash = bytes32(uint256(0x55));
        vouch(V2);
        assertEq(ledger.transferOf(seen.grantId).digest, 0, "decided by two different vouches");
        vouch(V3);
        assertEq(ledger.transferOf(seen.grantId).digest, ledger.digestOf(seen), "not decided by the honest two");
    }

    function test_Vouch_ofTheRetiredDoesNotCount() public {
        bytes32 digest = ledger.digestOf(seen);
        vouch(V1);
        byTwoOwners(address(ledger), abi.encodeCall(IMembers.retire, (V1)));
        assertEq(ledger.countOf(digest, seen.destinationUid), 0, "count");
        vouch(V2);
        assertEq(ledger.transferOf(seen.grantId).digest, 0, "decided with a retired voucher's");
        vouch(V3);
        assertEq(ledger.transferOf(seen.grantId).digest, digest, "not decided by the two who stayed");
    }

    function test_Vouch_countsTheDestinationToo() public {
        vouch(V1);
        seen.destinationUid = bytes32(uint256(0xbad));
        vouch(V2);
        assertEq(ledger.transferOf(seen.grantId).digest, 0, "two destinations counted together");
    }

    function test_Vouch_repeatsSilentlyAndRefusesAnother() public {
        vouch(V1);
        bytes32 digest = ledger.digestOf(seen);
        vm.recordLogs();
        vouch(V1);
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertEq(ledger.countOf(digest, seen.destinationUid), 1, "counted twice");
        seen.blockNumber = 78;
        expectError(abi.encodeWithSelector(ITransferLedger.OtherVouch.selector, digest));
        vouch(V1);
        seen.blockNumber = 77;
        seen.destinationUid = bytes32(uint256(0xbad));
        expectError(abi.encodeWithSelector(ITransferLedger.OtherVouch.selector, digest));
        vouch(V1);
    }

    function test_Vouch_refusesStrangersTheRetiredAndTheUnbonded() public {
        expectError(abi.encodeWithSelector(IMembers.NotActive.selector, address(1)));
        vouch(address(1));
        admit(address(ledger), "voucher-4", address(0xB4));
        expectError(abi.encodeWithSelector(IMembers.NotActive.selector, address(0xB4)));
        vouch(address(0xB4));
        byTwoOwners(address(ledger), abi.encodeCall(IMembers.retire, (V1)));
        expectError(abi.encodeWithSelector(IMembers.NotActive.selector, V1));
        vouch(V1);
    }

    function test_Vouch_refusesAnUnregisteredLockedAccount() public {
        seen.lockedAccount = address(21);
        expectError(
            abi.encodeWithSelector(ITransferLedger.UnknownLockedAccount.selector, NORTH_UID, address(21))
        );
        vouch(V1);
    }

    function test_Head_goesForwardOnly() public {
        bytes32 hash = bytes32(uint256(1));
        vm.expectEmit(address(ledger));
        emit ITransferLedger.HeadAnchored(NORTH_UID, V1, 10, hash);
        vm.prank(V1);
        ledger.head(NORTH_UID, 10, hash);
        assertEq(ledger.headOf(NORTH_UID, V1).number, 10, "number");
        assertEq(ledger.headOf(NORTH_UID, V1).blockHash, hash, "hash");
        vm.prank(V1);
        expectError(abi.encodeWithSelector(ITransferLedger.HeadGoesBack.selector, 10, 9));
        ledger.head(NORTH_UID, 9, hash);
        vm.prank(V1);
        expectError(abi.encodeWithSelector(ITransferLedger.HeadChanges.selector, 10, hash, bytes32(uint256(2))));
        ledger.head(NORTH_UID, 10, bytes32(uint256(2)));
        vm.recordLogs();
        vm.prank(V1);
        ledger.head(NORTH_UID, 10, hash);
        assertEq(vm.getRecordedLogs().length, 0, "events");
    }

    function test_Head_refusesStrangersAndUnknownChains() public {
        expectError(abi.encodeWithSelector(IMembers.NotActive.selector, address(this)));
        ledger.head(NORTH_UID, 1, bytes32(uint256(1)));
        vm.prank(V1);
        expectError(abi.encodeWithSelector(IChainRegistry.UnknownChain.selector, bytes32(uint256(9))));
        ledger.head(bytes32(uint256(9)), 1, bytes32(uint256(1)));
    }
}
