// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ChainRegistry} from "../contracts/ChainRegistry.sol";
import {StoremanRegistry} from "../contracts/StoremanRegistry.sol";
import {IMembers} from "../contracts/interfaces/IMembers.sol";
import {IOwners} from "../contracts/interfaces/IOwners.sol";
import {IStoremanRegistry} from "../contracts/interfaces/IStoremanRegistry.sol";
import {P256} from "../contracts/lib/P256.sol";
import {Point, Secp256k1} from "../contracts/lib/Secp256k1.sol";
import {Consortium} from "./support/Consortium.sol";

contract StoremanRegistryTest is Consortium {
    StoremanRegistry private storemen;
    address[] private roster;
    bytes32 private id;
    bytes32 private constant HUB_UID = bytes32(uint256(0x99));
    bytes32 private constant TRANSCRIPT = bytes32(uint256(0x1234));
    /// @dev The base point of secp256k1: any point on the curve serves the contract's checks.
    Point private G = Point(
        0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
        0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8
    );
    /// @dev Points of P-256 other than its base point, found by walking x: HPKE keys must differ.
    bytes[] private hpkeKeys;

    function setUp() public {
        vm.warp(1000);
        vm.roll(5);
        registry = new ChainRegistry(owners(), 2);
        storemen = new StoremanRegistry(HUB_UID, address(registry), 1 ether, 8);
        for (uint256 i = 1; i <= 5; ++i) {
            address account = address(uint160(0xC0 + i));
            admitBonded(address(storemen), string.concat("storeman-", vm.toString(i)), account);
            roster.push(account);
        }
        findHpkeKeys(25);
        id = propose();
    }

    function propose() private returns (bytes32) {
        vm.prank(NORTH);
        return storemen.propose(IStoremanRegistry.Purpose.Sign, roster, 3, 4, 30);
    }

    function refusesProposal(string memory name, uint16 t, uint16 nMin, uint32 phaseSeconds) private {
        vm.prank(NORTH);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadParameter.selector, name));
        storemen.propose(IStoremanRegistry.Purpose.Sign, roster, t, nMin, phaseSeconds);
    }

    /// @dev p = 3 mod 4 for P-256, so a root is a power.
    function findHpkeKeys(uint256 count) private {
        uint256 p = P256.P;
        for (uint256 x = 5; hpkeKeys.length < count; ++x) {
            uint256 right = addmod(mulmod(addmod(mulmod(x, x, p), p - 3, p), x, p), P256.B, p);
            uint256 y = power(right, (p + 1) / 4, p);
            if (mulmod(y, y, p) == right) hpkeKeys.push(abi.encodePacked(uint8(4), x, y));
        }
    }

    function power(uint256 base, uint256 exponent, uint256 p) private pure returns (uint256 result) {
        result = 1;
        for (; exponent != 0; exponent >>= 1) {
            if (exponent & 1 == 1) result = mulmod(result, base, p);
            base = mulmod(base, base, p);
        }
    }

    function keysOf(uint256 member) private view returns (bytes[] memory list) {
        list = new bytes[](5);
        for (uint256 i = 0; i < 5; ++i) if (i + 1 != member) list[i] = hpkeKeys[5 * (member - 1) + i];
    }

    function sealedOf(uint256 member) private pure returns (bytes[] memory list) {
        list = new bytes[](5);
        for (uint256 i = 0; i < 5; ++i) if (i + 1 != member) list[i] = abi.encodePacked("sealed", i);
    }

    function points(uint256 count) private view returns (Point[] memory list) {
        list = new Point[](count);
        for (uint256 i = 0; i < count; ++i) list[i] = G;
    }

    function signAll() private {
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(roster[i]);
            storemen.sign(id);
        }
    }

    function keysAll() private {
        for (uint256 i = 0; i < 5; ++i) {
            bytes[] memory list = keysOf(i + 1);
            vm.prank(roster[i]);
            storemen.keys(id, list);
        }
    }

    function commitAll() private {
        for (uint256 i = 0; i < 5; ++i) {
            Point[] memory list = points(3);
            vm.prank(roster[i]);
            storemen.commitments(id, list, hex"aa");
        }
    }

    function shareAll() private {
        for (uint256 i = 0; i < 5; ++i) {
            vm.prank(roster[i]);
            storemen.shares(id, sealedOf(i + 1));
        }
    }

    function complainNone(uint256 count) private {
        for (uint256 i = 0; i < count; ++i) {
            vm.prank(roster[i]);
            storemen.complaints(id, new uint16[](0), new bytes32[](0));
        }
    }

    function finishBy(uint256 member, bytes32 transcript) private {
        Point[] memory list = points(5);
        vm.prank(roster[member - 1]);
        storemen.finish(id, G, list, transcript);
    }

    function requirePhase(IStoremanRegistry.Phase phase) private view {
        assertEq(uint256(storemen.phaseOf(id)), uint256(phase), "phase");
    }

    function toComplaints() private {
        signAll();
        keysAll();
        commitAll();
        shareAll();
    }

    function test_Constructor_refusesZeros() public {
        expectError(abi.encodeWithSelector(IMembers.BadField.selector, "hubUid"));
        new StoremanRegistry(0, address(registry), 1, 8);
        expectError(abi.encodeWithSelector(IMembers.BadField.selector, "minPhaseSeconds"));
        new StoremanRegistry(HUB_UID, address(registry), 1, 0);
        expectError(abi.encodeWithSelector(IMembers.BadField.selector, "minPhaseSeconds"));
        new StoremanRegistry(HUB_UID, address(registry), 1, 1 days + 1);
    }

    function test_Propose_namesTheAttemptByItsText() public view {
        bytes32 parameters = sha256(
            '{"nMin":4,"phaseSeconds":30,"purpose":"sign","roster":["0x00000000000000000000000000000000000000c1","0x00000000000000000000000000000000000000c2","0x00000000000000000000000000000000000000c3","0x00000000000000000000000000000000000000c4","0x00000000000000000000000000000000000000c5"],"t":3}'
        );
        bytes32 expected =
            keccak256(abi.encodePacked("cpds/v1/attempt", HUB_UID, address(storemen), uint64(1), parameters));
        assertEq(id, expected, "attemptId");
        assertEq(storemen.attemptIdOf(1), id, "by counter");
        assertEq(storemen.attempts(), 1, "attempts");
        IStoremanRegistry.Attempt memory attempt = storemen.attemptOf(id);
        assertEq(attempt.parametersHash, parameters, "parametersHash");
        assertEq(attempt.phaseEndsAt, 1000 + 5 minutes, "signing ends");
        assertEq(attempt.roster.length, 5, "roster");
        requirePhase(IStoremanRegistry.Phase.Signing);
    }

    function test_Propose_givesSigningAPhaseAtLeast() public {
        vm.prank(NORTH);
        id = storemen.propose(IStoremanRegistry.Purpose.Sign, roster, 3, 4, 1 hours);
        assertEq(storemen.attemptOf(id).phaseEndsAt, 1000 + 1 hours, "signing ends");
    }

    function test_Propose_isTheOwnersAlone() public {
        expectError(abi.encodeWithSelector(IOwners.NotOwner.selector, address(this)));
        storemen.propose(IStoremanRegistry.Purpose.Sign, roster, 3, 4, 30);
    }

    function test_Propose_refusesOtherSizesThanTheProtocols() public {
        refusesProposal("t", 4, 4, 30);
        refusesProposal("nMin", 3, 6, 30);
        refusesProposal("phaseSeconds", 3, 4, 7);
        refusesProposal("phaseSeconds", 3, 4, 1 days + 1);
        roster.push(address(0xC6));
        refusesProposal("roster", 3, 4, 30); // 6 > 2·3 - 1
        roster.pop();
        roster[4] = roster[3];
        refusesProposal("roster", 3, 4, 30);
        vm.prank(NORTH);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadParameter.selector, "purpose"));
        storemen.propose(IStoremanRegistry.Purpose.None, roster, 3, 4, 30);
    }

    function test_Propose_refusesInactiveMembers() public {
        byTwoOwners(address(storemen), abi.encodeCall(IMembers.retire, (roster[2])));
        vm.prank(NORTH);
        expectError(abi.encodeWithSelector(IMembers.NotActive.selector, roster[2]));
        storemen.propose(IStoremanRegistry.Purpose.Sign, roster, 3, 4, 30);
    }

    function test_Ceremony_makesAKey() public {
        signAll();
        requirePhase(IStoremanRegistry.Phase.Keys);
        assertEq(storemen.attemptOf(id).phaseEndsAt, 1030, "keys end");
        keysAll();
        requirePhase(IStoremanRegistry.Phase.Commitments);
        commitAll();
        requirePhase(IStoremanRegistry.Phase.Shares);
        shareAll();
        requirePhase(IStoremanRegistry.Phase.Complaints);
        complainNone(5);
        requirePhase(IStoremanRegistry.Phase.Finish);
        for (uint256 i = 1; i <= 4; ++i) finishBy(i, TRANSCRIPT);
        bytes32 keyId = storemen.keyIdOf(id);
        assertEq(storemen.groupOf(keyId).epoch, 0, "key before everyone finished");
        vm.roll(44);
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.GroupActivated(keyId, IStoremanRegistry.Purpose.Sign, 1, id);
        finishBy(5, TRANSCRIPT);
        requirePhase(IStoremanRegistry.Phase.Finished);
        IStoremanRegistry.Group memory group = storemen.groupOf(keyId);
        assertEq(group.attemptId, id, "attempt");
        assertEq(group.epoch, 1, "epoch");
        assertEq(group.t, 3, "t");
        assertEq(group.activatedBlock, 44, "block");
        assertEq(group.transcript, TRANSCRIPT, "transcript");
        assertEq(group.key.x, G.x, "Y");
        assertEq(group.memberAccounts.length, 5, "members");
        assertEq(group.memberKeys.length, 5, "member keys");
        assertEq(storemen.currentKeyId(IStoremanRegistry.Purpose.Sign), keyId, "current");
        assertEq(storemen.currentKeyId(IStoremanRegistry.Purpose.Seal), 0, "other purpose");
    }

    function test_KeyId_isTheProtocols() public view {
        assertEq(storemen.keyIdOf(id), keccak256(abi.encodePacked("cpds/v1/key", id)), "keyId");
    }

    function test_Post_refusesStrangersTheWrongPhaseAndTwice() public {
        expectError(abi.encodeWithSelector(IStoremanRegistry.NotInRoster.selector, address(this)));
        storemen.sign(id);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongPhase.selector, IStoremanRegistry.Phase.Signing));
        storemen.complaints(id, new uint16[](0), new bytes32[](0));
        vm.prank(roster[0]);
        storemen.sign(id);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.AlreadyPosted.selector, 1));
        storemen.sign(id);
        expectError(abi.encodeWithSelector(IStoremanRegistry.UnknownAttempt.selector, bytes32(uint256(1))));
        storemen.sign(bytes32(uint256(1)));
    }

    function test_Post_refusesAfterTheDeadline() public {
        signAll();
        vm.warp(1030);
        requirePhase(IStoremanRegistry.Phase.Failed);
        bytes[] memory list = keysOf(1);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.PhaseOver.selector, 1030));
        storemen.keys(id, list);
    }

    function test_Expire_recordsWhoWasSilent() public {
        signAll();
        bytes[] memory list = keysOf(2);
        vm.prank(roster[1]);
        storemen.keys(id, list);
        expectError(abi.encodeWithSelector(IStoremanRegistry.DeadlineNotReached.selector, 1030));
        storemen.expire(id);
        vm.warp(1030);
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.AttemptFailed(id, IStoremanRegistry.Phase.Keys, 29); // all but member 2: 11101
        storemen.expire(id);
        assertEq(uint256(storemen.attemptOf(id).phase), uint256(IStoremanRegistry.Phase.Failed), "phase");
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongPhase.selector, IStoremanRegistry.Phase.Failed));
        storemen.expire(id);
    }

    function test_Keys_refuseTheWrongCount() public {
        signAll();
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongLength.selector, 5, 4));
        storemen.keys(id, new bytes[](4));
    }

    function refusesKeys(bytes[] memory list, uint256 place) private {
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadHpkeKey.selector, place));
        storemen.keys(id, list);
    }

    function test_Keys_refuseWhatWouldFrameADealer() public {
        signAll();
        bytes[] memory list = keysOf(1);
        list[0] = hpkeKeys[24];
        refusesKeys(list, 0); // its own place
        list = keysOf(1);
        list[2] = "";
        refusesKeys(list, 2);
        list = keysOf(1);
        list[2][64] ^= 0x01;
        refusesKeys(list, 2);
        list = keysOf(1);
        list[2][0] = 0x02;
        refusesKeys(list, 2);
        list = keysOf(1);
        list[3] = list[2];
        refusesKeys(list, 3);
    }

    /// @dev Member 2 copies a key from member 1's transaction and is mined first.
    function test_Keys_copiedByAnotherDoNotPutTheirOwnerOut() public {
        signAll();
        bytes[] memory list = keysOf(2);
        list[0] = hpkeKeys[2];
        vm.prank(roster[1]);
        storemen.keys(id, list);
        list = keysOf(1);
        vm.prank(roster[0]);
        storemen.keys(id, list);
        assertEq(storemen.attemptOf(id).posted, 3, "posted");
    }

    function test_Commitments_refuseTheWrongCountAndPointsOffTheCurve() public {
        signAll();
        keysAll();
        Point[] memory list = points(2);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongLength.selector, 3, 2));
        storemen.commitments(id, list, hex"aa");
        list = points(3);
        list[1].y ^= 1;
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadPoint.selector, 1));
        storemen.commitments(id, list, hex"aa");
    }

    function test_Shares_refuseTheWrongCountAndEmptyOnes() public {
        signAll();
        keysAll();
        commitAll();
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongLength.selector, 5, 6));
        storemen.shares(id, new bytes[](6));
        bytes[] memory list = sealedOf(1);
        list[4] = "";
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadCiphertext.selector, 4));
        storemen.shares(id, list);
        list = sealedOf(2);
        list[0] = "for myself";
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadCiphertext.selector, 0));
        storemen.shares(id, list);
    }

    /// @dev Member 2 complains of member 4, the others of nobody.
    function toVerdict() private {
        toComplaints();
        complainNone(1);
        uint16[] memory accused = new uint16[](1);
        bytes32[] memory secrets = new bytes32[](1);
        (accused[0], secrets[0]) = (4, bytes32(uint256(7)));
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.ComplaintsPosted(id, 2, accused, secrets);
        vm.prank(roster[1]);
        storemen.complaints(id, accused, secrets);
        requirePhase(IStoremanRegistry.Phase.Complaints);
        for (uint256 i = 2; i < 5; ++i) {
            vm.prank(roster[i]);
            storemen.complaints(id, new uint16[](0), new bytes32[](0));
        }
        requirePhase(IStoremanRegistry.Phase.Verdict);
        assertEq(storemen.attemptOf(id).disputed, 10, "disputed"); // members 2 and 4: 1010
    }

    function judgeBy(uint256 member, uint256 dealers, uint256 receivers) private {
        vm.prank(roster[member - 1]);
        storemen.verdict(id, dealers, receivers);
    }

    function test_Verdict_ofTAlikeNamesTheCulprit() public {
        toVerdict();
        judgeBy(4, 0, 2);
        judgeBy(1, 8, 0);
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.VerdictPosted(id, 3, 8, 0);
        judgeBy(3, 8, 0);
        requirePhase(IStoremanRegistry.Phase.Verdict);
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.AttemptFailed(id, IStoremanRegistry.Phase.Verdict, 8);
        judgeBy(2, 8, 0);
        requirePhase(IStoremanRegistry.Phase.Failed);
    }

    function test_Verdict_asDealerOrAsReceiverIsNotAlike() public {
        toVerdict();
        judgeBy(1, 8, 0);
        judgeBy(2, 8, 0);
        judgeBy(3, 0, 8);
        requirePhase(IStoremanRegistry.Phase.Verdict);
    }

    function test_Verdict_withoutOneByTheDeadlineBothSidesLeave() public {
        toVerdict();
        judgeBy(1, 8, 0);
        vm.warp(1030);
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.AttemptFailed(id, IStoremanRegistry.Phase.Verdict, 10);
        storemen.expire(id);
    }

    function test_Verdict_thatNobodySharesEndsTheAttemptAtOnce() public {
        toVerdict();
        judgeBy(1, 8, 0);
        judgeBy(2, 8, 0);
        judgeBy(3, 0, 2);
        judgeBy(4, 0, 2);
        vm.expectEmit(address(storemen));
        emit IStoremanRegistry.AttemptFailed(id, IStoremanRegistry.Phase.Verdict, 10);
        judgeBy(5, 8, 2);
    }

    function test_Verdict_refusesNobodyAndStrangers() public {
        toVerdict();
        for (uint256 i = 0; i < 3; ++i) {
            uint256 dealers = [uint256(0), 32, 1 << 255][i];
            vm.prank(roster[0]);
            expectError(abi.encodeWithSelector(IStoremanRegistry.BadVerdict.selector));
            storemen.verdict(id, dealers, 0);
        }
        judgeBy(1, 8, 0);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.AlreadyPosted.selector, 1));
        storemen.verdict(id, 8, 0);
    }

    function test_Verdict_hasNoPlaceWhereNobodyComplained() public {
        toComplaints();
        complainNone(5);
        vm.prank(roster[0]);
        expectError(
            abi.encodeWithSelector(IStoremanRegistry.WrongPhase.selector, IStoremanRegistry.Phase.Finish)
        );
        storemen.verdict(id, 8, 0);
    }

    function test_Complaints_refuseNonsense() public {
        toComplaints();
        uint16[] memory accused = new uint16[](1);
        bytes32[] memory secrets = new bytes32[](1);
        vm.prank(roster[1]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongLength.selector, 1, 0));
        storemen.complaints(id, accused, new bytes32[](0));
        for (uint16 i = 0; i < 3; ++i) {
            accused[0] = [uint16(0), 2, 6][i];
            vm.prank(roster[1]);
            expectError(abi.encodeWithSelector(IStoremanRegistry.BadComplaint.selector, 0));
            storemen.complaints(id, accused, secrets);
        }
    }

    function test_Finish_withAnotherTranscriptEndsTheAttempt() public {
        toComplaints();
        complainNone(5);
        finishBy(1, TRANSCRIPT);
        finishBy(2, bytes32(uint256(0xbad)));
        requirePhase(IStoremanRegistry.Phase.Failed);
        assertEq(storemen.groupOf(storemen.keyIdOf(id)).epoch, 0, "a key nobody agreed on");
    }

    function test_Finish_refusesBadPointsAndCounts() public {
        toComplaints();
        complainNone(5);
        Point[] memory list = points(4);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.WrongLength.selector, 5, 4));
        storemen.finish(id, G, list, TRANSCRIPT);
        list = points(5);
        list[3].x ^= 1;
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadPoint.selector, 3));
        storemen.finish(id, G, list, TRANSCRIPT);
        list = points(5);
        Point memory key = Point(Secp256k1.N, 1);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.BadPoint.selector, 5));
        storemen.finish(id, key, list, TRANSCRIPT);
    }

    function finishAll() private {
        toComplaints();
        complainNone(5);
        for (uint256 i = 1; i <= 5; ++i) finishBy(i, TRANSCRIPT);
    }

    function test_Key_isNotReplacedByALaterAttempt() public {
        finishAll();
        bytes memory known = abi.encodeWithSelector(IStoremanRegistry.KeyExists.selector, storemen.keyIdOf(id));
        vm.prank(NORTH);
        expectError(known);
        storemen.propose(IStoremanRegistry.Purpose.Sign, roster, 3, 4, 30);
        vm.prank(NORTH);
        storemen.propose(IStoremanRegistry.Purpose.Seal, roster, 3, 4, 30);
    }

    function test_Key_isNotReplacedByAnAttemptBesideIt() public {
        bytes32 first = id;
        id = propose();
        toComplaints();
        complainNone(5);
        bytes32 beside = id;
        id = first;
        finishAll();
        id = beside;
        Point[] memory list = points(5);
        bytes32 keyId = storemen.keyIdOf(first);
        vm.prank(roster[0]);
        expectError(abi.encodeWithSelector(IStoremanRegistry.KeyExists.selector, keyId));
        storemen.finish(beside, G, list, TRANSCRIPT);
        assertEq(storemen.currentKeyId(IStoremanRegistry.Purpose.Sign), storemen.keyIdOf(first), "current");
    }

    function test_Attempts_differWithTheSameParameters() public {
        bytes32 other = propose();
        assertTrue(other != id, "one id for two attempts");
        assertEq(storemen.attempts(), 2, "attempts");
    }
}
