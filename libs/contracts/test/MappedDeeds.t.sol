// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC5564Announcer} from "../contracts/ERC5564Announcer.sol";
import {MappedDeeds} from "../contracts/MappedDeeds.sol";
import {IClosing} from "../contracts/interfaces/IClosing.sol";
import {IERC5564Announcer} from "../contracts/interfaces/IERC5564Announcer.sol";
import {IMappedDeeds} from "../contracts/interfaces/IMappedDeeds.sol";
import {GrantData, GrantLib} from "../contracts/lib/GrantLib.sol";
import {Point} from "../contracts/lib/Secp256k1.sol";
import {Fixtures} from "./support/Fixtures.sol";

contract MappedDeedsTest is Fixtures {
    ERC5564Announcer private announcer;
    MappedDeeds private deeds;
    GrantData private grant;
    GroupSignature private mintSignature;
    bytes32 private homeUid;
    bytes32 private grantId;
    address private recipient;
    bytes private revokeSignature;
    bytes private giveBackSignature;

    function setUp() public {
        vm.warp(uintAt(".transfer.start"));
        bytes32 uid = wordAt(".transfer.destinationUid");
        Point memory key = pointAt(".transfer.key");
        vm.startPrank(addressAt(".transfer.destinationDeployer"));
        announcer = new ERC5564Announcer();
        deeds = new MappedDeeds(uid, wordAt(".transfer.keyId"), key, address(announcer));
        vm.stopPrank();
        grant = grantAt(".transfer.grant");
        homeUid = wordAt(".transfer.homeUid");
        grantId = wordAt(".transfer.grantId");
        recipient = addressAt(".transfer.recipient");
        mintSignature = groupSignatureAt(".transfer.mint");
        revokeSignature = bytesAt(".transfer.revokeSignature");
        giveBackSignature = bytesAt(".transfer.giveBackSignature");
    }

    function mint() private {
        deeds.mint(homeUid, grant, mintSignature.rx, mintSignature.ry, mintSignature.z);
    }

    function requireState(IMappedDeeds.Status status, IMappedDeeds.Reason reason) private view {
        IMappedDeeds.Mapping memory word = deeds.mappingOf(grantId);
        assertEq(uint256(word.status), uint256(status), "status");
        assertEq(uint256(word.reason), uint256(reason), "reason");
    }

    function expectLogs(uint256 count) private {
        assertEq(vm.getRecordedLogs().length, count, "number of events");
    }

    function test_Constructor_keepsWhatItIsGiven() public view {
        (uint256 x, uint256 y) = deeds.groupKey();
        assertEq(x, uintAt(".transfer.key.x"), "x");
        assertEq(y, uintAt(".transfer.key.y"), "y");
        assertEq(deeds.chainUid(), wordAt(".transfer.destinationUid"), "chainUid");
        assertEq(deeds.keyId(), wordAt(".transfer.keyId"), "keyId");
        assertEq(deeds.announcer(), address(announcer), "announcer");
    }

    function test_Constructor_refusesZerosAndAKeyOffTheCurve() public {
        Point memory key = pointAt(".transfer.key");
        bytes memory bad = abi.encodeWithSelector(IMappedDeeds.BadArgument.selector);
        expectError(bad);
        new MappedDeeds(0, bytes32(uint256(1)), key, address(announcer));
        expectError(bad);
        new MappedDeeds(bytes32(uint256(1)), 0, key, address(announcer));
        expectError(bad);
        new MappedDeeds(bytes32(uint256(1)), bytes32(uint256(1)), key, address(0));
        key.y ^= 1;
        expectError(bad);
        new MappedDeeds(bytes32(uint256(1)), bytes32(uint256(1)), key, address(announcer));
    }

    function test_Mint_mapsForTheRecipientAndTellsTheGrant() public {
        vm.expectEmit(address(deeds));
        emit IMappedDeeds.Mapped(grantId, homeUid, recipient, grant);
        mint();
        IMappedDeeds.Mapping memory word = deeds.mappingOf(grantId);
        assertEq(uint256(word.status), uint256(IMappedDeeds.Status.Mapped), "status");
        assertEq(word.notAfter, grant.notAfter, "notAfter");
        assertEq(word.owner, recipient, "owner");
    }

    function test_Mint_announcesTheRecipient() public {
        bytes memory metadata =
            abi.encodePacked(grant.viewTag, IMappedDeeds.mint.selector, address(deeds), grantId);
        bytes memory ephemeralKey = bytesAt(".transfer.ephemeralKey");
        vm.expectEmit(address(announcer));
        emit IERC5564Announcer.Announcement(1, recipient, address(deeds), ephemeralKey, metadata);
        mint();
    }

    function test_Mint_gas() public {
        mint();
        vm.snapshotGasLastCall("gas", "MappedDeeds.mint");
    }

    function test_Mint_refusesAGrantForAnotherContract() public {
        grant.mappedDeeds = address(1);
        expectError(abi.encodeWithSelector(IMappedDeeds.OtherMappedDeeds.selector, address(1)));
        mint();
    }

    function test_Mint_refusesAGrantForAnotherChain() public {
        grant.destinationUid = homeUid;
        expectError(abi.encodeWithSelector(IMappedDeeds.OtherDestination.selector, homeUid));
        mint();
    }

    function test_Mint_refusesAPointOffTheCurve() public {
        grant.recipientKey.y += 2;
        expectError(abi.encodeWithSelector(GrantLib.PointOffCurve.selector, "recipientKey"));
        mint();
    }

    function test_Mint_refusesFromMintBeforeOn() public {
        vm.warp(grant.mintBefore);
        expectError(abi.encodeWithSelector(IMappedDeeds.MintTooLate.selector, grant.mintBefore, grant.mintBefore));
        mint();
        vm.warp(grant.mintBefore - 1);
        mint();
    }

    function test_Mint_refusesAValidityThatEndsBeforeTheMint() public {
        grant.notAfter = grant.mintBefore;
        expectError(abi.encodeWithSelector(IMappedDeeds.BadValidity.selector, grant.mintBefore, grant.mintBefore));
        mint();
    }

    function test_Mint_refusesTheSameGrantAgain() public {
        mint();
        expectError(abi.encodeWithSelector(IMappedDeeds.NotFree.selector, grantId, IMappedDeeds.Status.Mapped));
        mint();
    }

    function test_Mint_refusesASignatureOnAnotherDigest() public {
        GroupSignature memory other = groupSignatureAt(".transfer.notMapped");
        expectError(abi.encodeWithSelector(IMappedDeeds.BadGroupSignature.selector));
        deeds.mint(homeUid, grant, other.rx, other.ry, other.z);
    }

    function test_Mint_refusesAnotherHome() public {
        expectError(abi.encodeWithSelector(IMappedDeeds.BadGroupSignature.selector));
        deeds.mint(bytes32(uint256(1)), grant, mintSignature.rx, mintSignature.ry, mintSignature.z);
    }

    function test_Mint_refusesAnotherGrantUnderTheSameSignature() public {
        grant.notAfter += 1;
        expectError(abi.encodeWithSelector(IMappedDeeds.BadGroupSignature.selector));
        mint();
    }

    function test_Revoke_closesAMappingAndRepeatsSilently() public {
        mint();
        vm.expectEmit(address(deeds));
        emit IMappedDeeds.MappingClosed(grantId, IMappedDeeds.Reason.Revoked);
        deeds.revoke(homeUid, grant, revokeSignature);
        vm.snapshotGasLastCall("gas", "MappedDeeds.revoke");
        requireState(IMappedDeeds.Status.Closed, IMappedDeeds.Reason.Revoked);
        assertEq(deeds.mappingOf(grantId).owner, recipient, "owner");
        vm.recordLogs();
        deeds.revoke(homeUid, grant, revokeSignature);
        deeds.giveBack(homeUid, grant, giveBackSignature);
        expectLogs(0);
        expectError(abi.encodeWithSelector(IMappedDeeds.NotFree.selector, grantId, IMappedDeeds.Status.Closed));
        mint();
    }

    function test_Revoke_beforeTheMintMakesItImpossible() public {
        vm.expectEmit(address(deeds));
        emit IMappedDeeds.MappingVoided(grantId);
        deeds.revoke(homeUid, grant, revokeSignature);
        requireState(IMappedDeeds.Status.Void, IMappedDeeds.Reason.None);
        vm.recordLogs();
        deeds.revoke(homeUid, grant, revokeSignature);
        deeds.giveBack(homeUid, grant, giveBackSignature);
        expectLogs(0);
        expectError(abi.encodeWithSelector(IMappedDeeds.NotFree.selector, grantId, IMappedDeeds.Status.Void));
        mint();
    }

    function test_Revoke_leavesNoTombstoneOnceTheMintIsTooLate() public {
        vm.warp(grant.mintBefore);
        expectError(abi.encodeWithSelector(IMappedDeeds.MintTooLate.selector, grant.mintBefore, grant.mintBefore));
        deeds.revoke(homeUid, grant, revokeSignature);
    }

    function test_Revoke_refusesAnotherSignerAndAnotherHome() public {
        mint();
        expectError(abi.encodeWithSelector(IClosing.BadSignature.selector, grant.revoker));
        deeds.revoke(homeUid, grant, giveBackSignature);
        expectError(abi.encodeWithSelector(IClosing.BadSignature.selector, grant.revoker));
        deeds.revoke(bytes32(uint256(1)), grant, revokeSignature);
    }

    function test_Revoke_refusesAGrantForAnotherContract() public {
        grant.mappedDeeds = address(1);
        expectError(abi.encodeWithSelector(IMappedDeeds.OtherMappedDeeds.selector, address(1)));
        deeds.revoke(homeUid, grant, revokeSignature);
    }

    function test_GiveBack_closesAMappingAndRepeatsSilently() public {
        mint();
        vm.expectEmit(address(deeds));
        emit IMappedDeeds.MappingClosed(grantId, IMappedDeeds.Reason.GivenBack);
        deeds.giveBack(homeUid, grant, giveBackSignature);
        requireState(IMappedDeeds.Status.Closed, IMappedDeeds.Reason.GivenBack);
        vm.recordLogs();
        deeds.giveBack(homeUid, grant, giveBackSignature);
        deeds.revoke(homeUid, grant, revokeSignature);
        expectLogs(0);
    }

    function test_GiveBack_refusesWhatIsNotMapped() public {
        expectError(abi.encodeWithSelector(IMappedDeeds.NotMapped.selector, grantId));
        deeds.giveBack(homeUid, grant, giveBackSignature);
    }

    function test_GiveBack_refusesAnotherSigner() public {
        mint();
        expectError(abi.encodeWithSelector(IClosing.BadSignature.selector, recipient));
        deeds.giveBack(homeUid, grant, revokeSignature);
    }
}
