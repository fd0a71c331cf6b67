// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainRegistry} from "../contracts/ChainRegistry.sol";
import {IChainRegistry} from "../contracts/interfaces/IChainRegistry.sol";
import {IOwners} from "../contracts/interfaces/IOwners.sol";
import {Consortium} from "./support/Consortium.sol";

contract ChainRegistryTest is Consortium {
    IChainRegistry.Chain private chain;

    function setUp() public {
        registry = new ChainRegistry(owners(), 2);
        chain = hospital("north", NORTH);
    }

    function register() private {
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.register, (NORTH_UID, chain)));
    }

    /// @dev The second approval of this call meets the error.
    function refuses(bytes memory call, bytes memory error_) private {
        vm.prank(NORTH);
        mustCall(address(registry), call);
        vm.prank(SOUTH);
        (bool ok, bytes memory data) = address(registry).call(call);
        assertTrue(!ok, "accepted");
        assertEq(keccak256(data), keccak256(error_), "another error");
    }

    function refusesField(string memory field) private {
        refuses(
            abi.encodeCall(IChainRegistry.register, (NORTH_UID, chain)),
            abi.encodeWithSelector(IChainRegistry.BadField.selector, field)
        );
    }

    function base() private pure returns (IChainRegistry.BaseContracts memory) {
        return IChainRegistry.BaseContracts(code(1), code(2), code(3), code(4), code(5));
    }

    function test_Constructor_refusesBadOwners() public {
        expectError(abi.encodeWithSelector(IChainRegistry.BadField.selector, "approvalsNeeded"));
        new ChainRegistry(owners(), 0);
        expectError(abi.encodeWithSelector(IChainRegistry.BadField.selector, "approvalsNeeded"));
        new ChainRegistry(owners(), 4);
        address[] memory twice = owners();
        twice[2] = NORTH;
        expectError(abi.encodeWithSelector(IChainRegistry.BadField.selector, "owners"));
        new ChainRegistry(twice, 2);
        twice[2] = address(0);
        expectError(abi.encodeWithSelector(IChainRegistry.BadField.selector, "owners"));
        new ChainRegistry(twice, 2);
    }

    function test_Owners_areListed() public view {
        assertEq(registry.ownerList().length, 3, "owners");
        assertEq(registry.ownerIndex(HUB), 3, "index");
        assertEq(registry.ownerIndex(address(1)), 0, "stranger");
    }

    function test_Register_needsTwoOwners() public {
        bytes memory call = abi.encodeCall(IChainRegistry.register, (NORTH_UID, chain));
        vm.prank(NORTH);
        mustCall(address(registry), call);
        assertEq(registry.uidOf("north"), 0, "registered by one owner");
        vm.prank(NORTH);
        mustCall(address(registry), call);
        assertEq(registry.uidOf("north"), 0, "registered by one owner twice");
        vm.expectEmit(address(registry));
        emit IChainRegistry.ChainRegistered(NORTH_UID, "north");
        vm.prank(HUB);
        mustCall(address(registry), call);
        assertEq(registry.uidOf("north"), NORTH_UID, "uid");
        assertEq(registry.chainOf(NORTH_UID).w, 10, "w");
        assertEq(registry.chainUids().length, 1, "uids");
    }

    function test_Register_countsOnlyTheSameCall() public {
        vm.prank(NORTH);
        registry.register(NORTH_UID, chain);
        chain.w = 11;
        vm.prank(SOUTH);
        registry.register(NORTH_UID, chain);
        assertEq(registry.uidOf("north"), 0, "registered by two different calls");
    }

    function test_Register_isTheOwnersAlone() public {
        expectError(abi.encodeWithSelector(IOwners.NotOwner.selector, address(this)));
        registry.register(NORTH_UID, chain);
    }

    function test_Register_refusesAChainOrANameTwice() public {
        register();
        chain.w = 12;
        refuses(
            abi.encodeCall(IChainRegistry.register, (NORTH_UID, chain)),
            abi.encodeWithSelector(IChainRegistry.KnownChain.selector, NORTH_UID)
        );
        refuses(
            abi.encodeCall(IChainRegistry.register, (bytes32(uint256(9)), chain)),
            abi.encodeWithSelector(IChainRegistry.KnownName.selector, "north")
        );
    }

    function test_Register_refusesAZeroUid() public {
        refuses(
            abi.encodeCall(IChainRegistry.register, (0, chain)),
            abi.encodeWithSelector(IChainRegistry.BadField.selector, "chainUid")
        );
    }

    function test_Register_namesTheFieldItRefuses() public {
        chain.name = "";
        refusesField("name");
        chain = hospital("north", NORTH);
        chain.finality = IChainRegistry.Finality.None;
        refusesField("finality");
        chain = hospital("north", NORTH);
        chain.depth = 0;
        refusesField("depth");
        chain.finality = IChainRegistry.Finality.Instant;
        chain.depth = 1;
        refusesField("depth");
        chain = hospital("north", NORTH);
        chain.blockSeconds = 0;
        refusesField("blockSeconds");
        chain = hospital("north", NORTH);
        chain.maxHeadAge = 0;
        refusesField("maxHeadAge");
        chain = hospital("north", NORTH);
        chain.w = 7;
        refusesField("w");
        chain = hospital("north", NORTH);
        chain.admin = address(0);
        refusesField("admin");
        chain = hospital("north", NORTH);
        chain.logAccount = address(0);
        refusesField("logAccount");
        chain = hospital("north", NORTH);
        chain.hpkeKey[64] ^= 0x01;
        refusesField("hpkeKey");
        chain = hospital("north", NORTH);
        chain.exchangeUrl = "";
        refusesField("exchangeUrl");
        chain = hospital("hub", HUB);
        chain.messageKey = address(0);
        refusesField("hpkeKey");
        chain.hpkeKey = "";
        refusesField("exchangeUrl");
    }

    function test_Register_takesTheHubWithoutKeys() public {
        chain = hospital("hub", HUB);
        chain.messageKey = address(0);
        chain.hpkeKey = "";
        chain.exchangeUrl = "";
        register();
        assertEq(registry.uidOf("hub"), NORTH_UID, "uid");
    }

    function test_ChainOf_refusesAnUnknownChain() public {
        expectError(abi.encodeWithSelector(IChainRegistry.UnknownChain.selector, NORTH_UID));
        registry.chainOf(NORTH_UID);
    }

    function test_SetBaseContracts_once() public {
        register();
        bytes memory call = abi.encodeCall(IChainRegistry.setBaseContracts, (NORTH_UID, base()));
        byTwoOwners(address(registry), call);
        assertEq(registry.baseContractsOf(NORTH_UID).deedRegistry.account, address(1), "deedRegistry");
        assertEq(registry.baseContractsOf(NORTH_UID).metaAddresses.codeHash, bytes32(uint256(5)), "code hash");
        refuses(call, abi.encodeWithSelector(IChainRegistry.BaseContractsKnown.selector, NORTH_UID));
    }

    function test_SetBaseContracts_refusesAnUnknownChainAndAMissingContract() public {
        IChainRegistry.BaseContracts memory contracts = base();
        refuses(
            abi.encodeCall(IChainRegistry.setBaseContracts, (NORTH_UID, contracts)),
            abi.encodeWithSelector(IChainRegistry.UnknownChain.selector, NORTH_UID)
        );
        register();
        contracts.checkpointAnchor.codeHash = 0;
        refuses(
            abi.encodeCall(IChainRegistry.setBaseContracts, (NORTH_UID, contracts)),
            abi.encodeWithSelector(IChainRegistry.BadField.selector, "checkpointAnchor")
        );
    }

    function test_SetContracts_keepsTheDrainedSets() public {
        register();
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.setContracts, (NORTH_UID, transferContracts(20))));
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.setContracts, (NORTH_UID, transferContracts(30))));
        IChainRegistry.TransferContracts[] memory sets = registry.transferContractsOf(NORTH_UID);
        assertEq(sets.length, 2, "sets");
        assertEq(sets[1].lockedAccount.account, address(30), "current");
        assertTrue(registry.isLockedAccount(NORTH_UID, address(20)), "drained set forgotten");
        assertTrue(registry.isLockedAccount(NORTH_UID, address(30)), "current set unknown");
        assertTrue(!registry.isLockedAccount(NORTH_UID, address(31)), "MappedDeeds is no LockedAccount");
    }

    function refusesContracts(IChainRegistry.TransferContracts memory contracts, string memory field) private {
        refuses(
            abi.encodeCall(IChainRegistry.setContracts, (NORTH_UID, contracts)),
            abi.encodeWithSelector(IChainRegistry.BadField.selector, field)
        );
    }

    function test_SetContracts_namesTheFieldItRefuses() public {
        refuses(
            abi.encodeCall(IChainRegistry.setContracts, (NORTH_UID, transferContracts(20))),
            abi.encodeWithSelector(IChainRegistry.UnknownChain.selector, NORTH_UID)
        );
        register();
        IChainRegistry.TransferContracts memory contracts = transferContracts(20);
        contracts.lockedAccount.account = address(0);
        refusesContracts(contracts, "lockedAccount");
        contracts = transferContracts(20);
        contracts.mappedDeeds.codeHash = 0;
        refusesContracts(contracts, "mappedDeeds");
        contracts = transferContracts(20);
        contracts.signKeyId = 0;
        refusesContracts(contracts, "signKeyId");
        contracts = transferContracts(20);
        contracts.sealKeyId = contracts.signKeyId;
        refusesContracts(contracts, "sealKeyId");
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.setContracts, (NORTH_UID, transferContracts(40))));
        refusesContracts(transferContracts(40), "lockedAccount");
    }

    function test_SetExchangeUrl_isTheAdmins() public {
        register();
        vm.prank(NORTH);
        registry.setExchangeUrl(NORTH_UID, "https://elsewhere.example");
        assertTrue(
            keccak256(bytes(registry.chainOf(NORTH_UID).exchangeUrl)) == keccak256("https://elsewhere.example"), "url"
        );
        vm.prank(SOUTH);
        expectError(abi.encodeWithSelector(IChainRegistry.NotAdmin.selector, SOUTH));
        registry.setExchangeUrl(NORTH_UID, "https://evil.example");
        vm.prank(NORTH);
        expectError(abi.encodeWithSelector(IChainRegistry.BadField.selector, "exchangeUrl"));
        registry.setExchangeUrl(NORTH_UID, "");
    }

    function test_Pause_isTheAdminsOrTwoOwners() public {
        register();
        vm.expectEmit(address(registry));
        emit IChainRegistry.Paused(NORTH_UID, true);
        vm.prank(NORTH);
        registry.pause(NORTH_UID);
        assertTrue(registry.isPaused(NORTH_UID), "not paused");
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.pauseByOwners, (NORTH_UID, 0)));
        vm.prank(NORTH);
        registry.resume(NORTH_UID);
        assertTrue(registry.isPaused(NORTH_UID), "the admin lifted the owners' pause");
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.resumeByOwners, (NORTH_UID, 1)));
        assertTrue(!registry.isPaused(NORTH_UID), "still paused");
    }

    /// @dev The third owner's pause comes after the resume: alone it must not be half of a later pause.
    function test_Pause_aLateApprovalIsOneOfNothing() public {
        register();
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.pauseByOwners, (NORTH_UID, 0)));
        vm.prank(SOUTH);
        expectError(abi.encodeWithSelector(IChainRegistry.WrongRound.selector, 1));
        registry.pauseByOwners(NORTH_UID, 0);
        byTwoOwners(address(registry), abi.encodeCall(IChainRegistry.resumeByOwners, (NORTH_UID, 1)));
        vm.prank(SOUTH);
        expectError(abi.encodeWithSelector(IChainRegistry.WrongRound.selector, 2));
        registry.pauseByOwners(NORTH_UID, 0);
        vm.prank(SOUTH);
        expectError(abi.encodeWithSelector(IChainRegistry.WrongRound.selector, 2));
        registry.resumeByOwners(NORTH_UID, 1);
        assertTrue(!registry.isPaused(NORTH_UID), "paused");
        assertEq(registry.pauseRound(NORTH_UID), 2, "round");
    }

    function test_Approvals_endAfterADay() public {
        vm.warp(1000);
        vm.prank(NORTH);
        registry.register(NORTH_UID, chain);
        vm.warp(1000 + 1 days - 1);
        vm.prank(NORTH); // its own again does not prolong it
        registry.register(NORTH_UID, chain);
        vm.warp(1000 + 1 days);
        vm.prank(SOUTH);
        registry.register(NORTH_UID, chain);
        assertEq(registry.uidOf("north"), 0, "completed by an approval that had ended");
        vm.warp(1000 + 2 days - 1);
        vm.prank(HUB);
        registry.register(NORTH_UID, chain);
        assertEq(registry.uidOf("north"), NORTH_UID, "uid");
    }

    function test_Pause_refusesStrangers() public {
        register();
        expectError(abi.encodeWithSelector(IChainRegistry.NotAdmin.selector, address(this)));
        registry.pause(NORTH_UID);
        expectError(abi.encodeWithSelector(IChainRegistry.NotAdmin.selector, address(this)));
        registry.resume(NORTH_UID);
        expectError(abi.encodeWithSelector(IOwners.NotOwner.selector, address(this)));
        registry.pauseByOwners(NORTH_UID, 0);
        expectError(abi.encodeWithSelector(IOwners.NotOwner.selector, address(this)));
        registry.resumeByOwners(NORTH_UID, 0);
        expectError(abi.encodeWithSelector(IChainRegistry.UnknownChain.selector, bytes32(uint256(9))));
        registry.pause(bytes32(uint256(9)));
    }
}
