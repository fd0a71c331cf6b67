// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeedRegistry} from "../contracts/DeedRegistry.sol";
import {LockedAccount} from "../contracts/LockedAccount.sol";
import {IClosing} from "../contracts/interfaces/IClosing.sol";
import {ILockedAccount} from "../contracts/interfaces/ILockedAccount.sol";
import {GrantData, GrantLib} from "../contracts/lib/GrantLib.sol";
import {Lsag} from "../contracts/lib/Lsag.sol";
import {Point, Secp256k1} from "../contracts/lib/Secp256k1.sol";
import {Fixtures} from "./support/Fixtures.sol";

contract LockedAccountTest is Fixtures {
    DeedRegistry private deeds;
    LockedAccount private account;
    GrantData private grant;
    RingCase private ring;
    GroupSignature private notMapped;
    bytes32 private grantId;
    bytes32 private commitmentsHash;
    bytes private revokeSignature;
    bytes private giveBackSignature;
    uint256 private start;

    /// @dev The accounts that sign in the fixtures make the contracts, so their addresses are those of the fixtures.
    function setUp() public {
        start = uintAt(".transfer.start");
        vm.warp(start);
        vm.roll(7);
        bytes32 uid = wordAt(".transfer.homeUid");
        Point memory key = pointAt(".transfer.key");
        vm.startPrank(addressAt(".transfer.homeDeployer"));
        deeds = new DeedRegistry(uid, address(this));
        account = new LockedAccount(uid, address(deeds), wordAt(".transfer.keyId"), key, 30);
        vm.stopPrank();
        (uint256[16] memory xs, uint256[16] memory ys, bytes32[16] memory commitments) = cohortAt(".transfer");
        deeds.mint(xs, ys, commitments);
        commitmentsHash = keccak256(abi.encodePacked(commitments));
        grant = grantAt(".transfer.grant");
        ring = ringCaseAt(".transfer.lock");
        grantId = wordAt(".transfer.grantId");
        notMapped = groupSignatureAt(".transfer.notMapped");
        revokeSignature = bytesAt(".transfer.revokeSignature");
        giveBackSignature = bytesAt(".transfer.giveBackSignature");
    }

    function lock() private {
        account.lock(grant, 0, commitmentsHash, ring.xs, ring.c0, ring.witness);
    }

    function refund() private {
        account.refund(grantId, notMapped.rx, notMapped.ry, notMapped.z);
    }

    function requireState(ILockedAccount.Status status, ILockedAccount.Reason reason) private view {
        ILockedAccount.Lock memory word = account.lockOf(grantId);
        assertEq(uint256(word.status), uint256(status), "status");
        assertEq(uint256(word.reason), uint256(reason), "reason");
    }

    /// @dev The second grant of the fixtures: the same deed and slot under another nonce.
    function useSecond() private {
        grant.nonce = wordAt(".transfer.second.nonce");
        grantId = wordAt(".transfer.second.grantId");
        ring = ringCaseAt(".transfer.second.lock");
    }

    function expectLogs(uint256 count) private {
        assertEq(vm.getRecordedLogs().length, count, "number of events");
    }

    function test_Id_isThatOfTypedData() public view {
        assertEq(account.idOf(grant), grantId, "grantId");
    }

    function test_Constructor_keepsWhatItIsGiven() public view {
        (uint256 x, uint256 y) = account.groupKey();
        assertEq(x, uintAt(".transfer.key.x"), "x");
        assertEq(y, uintAt(".transfer.key.y"), "y");
        assertEq(account.chainUid(), wordAt(".transfer.homeUid"), "chainUid");
        assertEq(account.deedRegistry(), address(deeds), "deedRegistry");
        assertEq(account.keyId(), wordAt(".transfer.keyId"), "keyId");
        assertEq(account.minWindow(), 30, "minWindow");
    }

    function test_Constructor_refusesZerosAndAKeyOffTheCurve() public {
        Point memory key = pointAt(".transfer.key");
        bytes memory bad = abi.encodeWithSelector(ILockedAccount.BadArgument.selector);
        expectError(bad);
        new LockedAccount(0, address(deeds), bytes32(uint256(1)), key, 30);
        expectError(bad);
        new LockedAccount(bytes32(uint256(1)), address(0), bytes32(uint256(1)), key, 30);
        expectError(bad);
        new LockedAccount(bytes32(uint256(1)), address(deeds), 0, key, 30);
        expectError(bad);
        new LockedAccount(bytes32(uint256(1)), address(deeds), bytes32(uint256(1)), key, 0);
        key.y ^= 1;
        expectError(bad);
        new LockedAccount(bytes32(uint256(1)), address(deeds), bytes32(uint256(1)), key, 30);
    }

    function test_Lock_storesOneWordAndTheTagAndTellsTheGrant() public {
        vm.expectEmit(address(account));
        emit ILockedAccount.Locked(grantId, 0, ring.ringHash, grant);
        lock();
        ILockedAccount.Lock memory word = account.lockOf(grantId);
        assertEq(uint256(word.status), uint256(ILockedAccount.Status.Locked), "status");
        assertEq(word.notAfter, grant.notAfter, "notAfter");
        assertEq(word.lockBlock, 7, "lockBlock");
        bytes32 tagHash = keccak256(abi.encodePacked(uint8(2 + (grant.tag.y & 1)), grant.tag.x));
        assertEq(account.grantOfTag(tagHash), grantId, "tag");
    }

    function test_Lock_gas() public {
        lock();
        vm.snapshotGasLastCall("gas", "LockedAccount.lock, ring of 16");
    }

    function test_Lock_fromAnySender() public {
        vm.prank(address(0xBEEF));
        lock();
        requireState(ILockedAccount.Status.Locked, ILockedAccount.Reason.None);
    }

    function test_Lock_refusesAGrantForAnotherAccount() public {
        grant.lockedAccount = address(1);
        expectError(abi.encodeWithSelector(ILockedAccount.OtherLockedAccount.selector, address(1)));
        lock();
    }

    function test_Lock_refusesAZeroSealedKeyHash() public {
        grant.sealedKeyHash = 0;
        expectError(abi.encodeWithSelector(ILockedAccount.ZeroSealedKeyHash.selector));
        lock();
    }

    function test_Lock_refusesAZeroRevoker() public {
        grant.revoker = address(0);
        expectError(abi.encodeWithSelector(ILockedAccount.ZeroRevoker.selector));
        lock();
    }

    function test_Lock_refusesAPointOffTheCurve() public {
        grant.recipientKey.y += 2;
        expectError(abi.encodeWithSelector(GrantLib.PointOffCurve.selector, "recipientKey"));
        lock();
        grant = grantAt(".transfer.grant");
        grant.ephemeralKey.y += 2;
        expectError(abi.encodeWithSelector(GrantLib.PointOffCurve.selector, "ephemeralKey"));
        lock();
        grant = grantAt(".transfer.grant");
        grant.tag.x = Secp256k1.P;
        expectError(abi.encodeWithSelector(GrantLib.PointOffCurve.selector, "tag"));
        lock();
    }

    function test_Lock_refusesFromLockBeforeOn() public {
        vm.warp(grant.lockBefore);
        expectError(abi.encodeWithSelector(ILockedAccount.LockTooLate.selector, grant.lockBefore, grant.lockBefore));
        lock();
        vm.warp(grant.lockBefore - 1);
        lock();
    }

    function test_Lock_refusesAMintWindowThatIsTooShort() public {
        grant.mintBefore = uint64(start + 29);
        expectError(abi.encodeWithSelector(ILockedAccount.MintWindowTooShort.selector, start + 29, start + 30));
        lock();
    }

    function test_Lock_refusesAValidityThatEndsBeforeTheMint() public {
        grant.notAfter = grant.mintBefore;
        expectError(abi.encodeWithSelector(ILockedAccount.BadValidity.selector, grant.mintBefore, grant.mintBefore));
        lock();
    }

    function test_Lock_refusesTheSameGrantAgain() public {
        lock();
        expectError(abi.encodeWithSelector(ILockedAccount.NotFree.selector, grantId, ILockedAccount.Status.Locked));
        lock();
    }

    function test_Lock_refusesAUsedTag() public {
        lock();
        bytes32 earlier = grantId;
        useSecond();
        expectError(abi.encodeWithSelector(ILockedAccount.TagUsed.selector, earlier));
        lock();
    }

    function test_Lock_keepsTheTagUsedAfterRefund() public {
        lock();
        refund();
        bytes32 earlier = grantId;
        useSecond();
        expectError(abi.encodeWithSelector(ILockedAccount.TagUsed.selector, earlier));
        lock();
    }

    function test_Lock_refusesAnUnknownCohortAndAnothersMembers() public {
        expectError(abi.encodeWithSelector(ILockedAccount.UnknownCohort.selector, 1));
        account.lock(grant, 1, commitmentsHash, ring.xs, ring.c0, ring.witness);
        expectError(abi.encodeWithSelector(ILockedAccount.UnknownCohort.selector, 0));
        account.lock(grant, 0, bytes32(0), ring.xs, ring.c0, ring.witness);
        ring.xs[3] = ring.xs[2];
        expectError(abi.encodeWithSelector(ILockedAccount.UnknownCohort.selector, 0));
        lock();
    }

    function test_Lock_refusesAnotherGrantUnderTheSameSignature() public {
        grant.termsHash ^= bytes32(uint256(1));
        expectError(abi.encodeWithSelector(Lsag.BadMultiple.selector, 1));
        lock();
    }

    function test_Lock_refusesAnothersTagOnThisSignature() public {
        grant.tag = grant.recipientKey;
        expectError(abi.encodeWithSelector(Lsag.BadMultiple.selector, 0));
        lock();
    }

    function test_Refund_closesAndRepeatsSilently() public {
        lock();
        vm.expectEmit(address(account));
        emit ILockedAccount.LockClosed(grantId, ILockedAccount.Reason.Refunded);
        refund();
        vm.snapshotGasLastCall("gas", "LockedAccount.refund");
        requireState(ILockedAccount.Status.Closed, ILockedAccount.Reason.Refunded);
        assertEq(account.lockOf(grantId).notAfter, grant.notAfter, "notAfter");
        vm.recordLogs();
        refund();
        expectLogs(0);
    }

    function test_Refund_refusesWhatIsNotLocked() public {
        expectError(abi.encodeWithSelector(ILockedAccount.NotLocked.selector, grantId));
        refund();
    }

    function test_Refund_refusesASignatureOnAnotherDigest() public {
        lock();
        GroupSignature memory mint = groupSignatureAt(".transfer.mint");
        expectError(abi.encodeWithSelector(ILockedAccount.BadGroupSignature.selector));
        account.refund(grantId, mint.rx, mint.ry, mint.z);
        expectError(abi.encodeWithSelector(ILockedAccount.BadGroupSignature.selector));
        account.refund(grantId, notMapped.rx, notMapped.ry, notMapped.z ^ 1);
    }

    function test_Revoke_closesALockAndRepeatsSilently() public {
        lock();
        vm.expectEmit(address(account));
        emit ILockedAccount.LockClosed(grantId, ILockedAccount.Reason.Revoked);
        account.revoke(grant, revokeSignature);
        vm.snapshotGasLastCall("gas", "LockedAccount.revoke");
        requireState(ILockedAccount.Status.Closed, ILockedAccount.Reason.Revoked);
        vm.recordLogs();
        account.revoke(grant, revokeSignature);
        refund();
        account.giveBack(grant, giveBackSignature);
        expectLogs(0);
        requireState(ILockedAccount.Status.Closed, ILockedAccount.Reason.Revoked);
    }

    function test_Revoke_beforeTheLockMakesItImpossible() public {
        vm.expectEmit(address(account));
        emit ILockedAccount.LockVoided(grantId);
        account.revoke(grant, revokeSignature);
        requireState(ILockedAccount.Status.Void, ILockedAccount.Reason.None);
        vm.recordLogs();
        account.revoke(grant, revokeSignature);
        refund();
        account.giveBack(grant, giveBackSignature);
        expectLogs(0);
        expectError(abi.encodeWithSelector(ILockedAccount.NotFree.selector, grantId, ILockedAccount.Status.Void));
        lock();
    }

    function test_Revoke_leavesNoTombstoneOnceTheLockIsTooLate() public {
        vm.warp(grant.lockBefore);
        expectError(abi.encodeWithSelector(ILockedAccount.LockTooLate.selector, grant.lockBefore, grant.lockBefore));
        account.revoke(grant, revokeSignature);
    }

    function test_Revoke_refusesAnotherSigner() public {
        lock();
        bytes memory bad = abi.encodeWithSelector(IClosing.BadSignature.selector, grant.revoker);
        expectError(bad);
        account.revoke(grant, giveBackSignature);
        expectError(bad);
        account.revoke(grant, "");
        expectError(bad);
        account.revoke(grant, new bytes(65));
    }

    function test_Revoke_refusesAMalleatedSignature() public {
        lock();
        bytes memory other = revokeSignature;
        uint256 s;
        assembly {
            s := mload(add(other, 0x40))
        }
        s = Secp256k1.N - s;
        assembly {
            mstore(add(other, 0x40), s)
        }
        other[64] = other[64] == 0x1b ? bytes1(0x1c) : bytes1(0x1b);
        expectError(abi.encodeWithSelector(IClosing.BadSignature.selector, grant.revoker));
        account.revoke(grant, other);
    }

    function test_Revoke_refusesAZeroRevokerWithAMalformedSignature() public {
        grant.revoker = address(0);
        expectError(abi.encodeWithSelector(IClosing.BadSignature.selector, address(0)));
        account.revoke(grant, new bytes(65));
    }

    function test_Revoke_refusesAGrantForAnotherAccount() public {
        grant.lockedAccount = address(1);
        expectError(abi.encodeWithSelector(ILockedAccount.OtherLockedAccount.selector, address(1)));
        account.revoke(grant, revokeSignature);
    }

    function test_GiveBack_closesALockAndRepeatsSilently() public {
        lock();
        vm.expectEmit(address(account));
        emit ILockedAccount.LockClosed(grantId, ILockedAccount.Reason.GivenBack);
        account.giveBack(grant, giveBackSignature);
        requireState(ILockedAccount.Status.Closed, ILockedAccount.Reason.GivenBack);
        vm.recordLogs();
        account.giveBack(grant, giveBackSignature);
        account.revoke(grant, revokeSignature);
        expectLogs(0);
    }

    function test_GiveBack_refusesWhatIsNotLocked() public {
        expectError(abi.encodeWithSelector(ILockedAccount.NotLocked.selector, grantId));
        account.giveBack(grant, giveBackSignature);
    }

    function test_GiveBack_refusesAnotherSigner() public {
        lock();
        expectError(abi.encodeWithSelector(IClosing.BadSignature.selector, addressAt(".transfer.recipient")));
        account.giveBack(grant, revokeSignature);
    }
}
