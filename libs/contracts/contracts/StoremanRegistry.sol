// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IStoremanRegistry} from "./interfaces/IStoremanRegistry.sol";
import {AttemptText} from "./lib/AttemptText.sol";
import {Members} from "./lib/Members.sol";
import {P256} from "./lib/P256.sol";
import {Point, Secp256k1} from "./lib/Secp256k1.sol";

/// @title Storemen, ceremonies and groups
/// @notice Promises, units and errors are at IStoremanRegistry.
contract StoremanRegistry is IStoremanRegistry, Members {
    /// @dev How long a proposed roster waits for its signatures, unless its phases are longer.
    uint64 private constant SIGNING_SECONDS = 5 minutes;

    /// @dev Longer ones would leave a group without a key, and a share without an end, for ever.
    uint32 private constant MAX_PHASE_SECONDS = 1 days;

    bytes32 public immutable hubUid;
    uint32 public immutable minPhaseSeconds;
    uint64 public attempts;
    mapping(uint64 counter => bytes32) public attemptIdOf;
    mapping(Purpose => bytes32) public currentKeyId;
    mapping(bytes32 attemptId => Attempt) private byId;
    /// @dev Identifier of a member in an attempt, from 1.
    mapping(bytes32 attemptId => mapping(address account => uint16)) private identifier;
    /// @dev By member; a copy of the first member's is at 0, with which all others are compared.
    mapping(bytes32 attemptId => mapping(uint256 member => bytes32)) public finishDigest;
    /// @dev By hash of the verdict: how many members have given it.
    mapping(bytes32 attemptId => mapping(bytes32 verdict => uint16)) private verdicts;
    mapping(bytes32 keyId => Group) private groups;

    constructor(bytes32 hubUid_, address chainRegistry_, uint256 bondNeeded_, uint32 minPhaseSeconds_)
        Members(chainRegistry_, bondNeeded_)
    {
        if (hubUid_ == 0) revert BadField("hubUid");
        if (minPhaseSeconds_ == 0 || minPhaseSeconds_ > MAX_PHASE_SECONDS) revert BadField("minPhaseSeconds");
        hubUid = hubUid_;
        minPhaseSeconds = minPhaseSeconds_;
    }

    /// @inheritdoc IStoremanRegistry
    function propose(Purpose purpose, address[] calldata roster, uint16 t, uint16 nMin, uint32 phaseSeconds)
        external
        returns (bytes32 attemptId)
    {
        _requireOwner();
        if (purpose == Purpose.None) revert BadParameter("purpose");
        uint256 n = roster.length;
        // t < nMin ≤ n ≤ 2t-1: two disjoint quorums cannot exist, and one silent member stops nothing.
        if (t >= nMin) revert BadParameter("t");
        if (nMin > n) revert BadParameter("nMin");
        if (n > 2 * uint256(t) - 1 || n > 255) revert BadParameter("roster");
        if (phaseSeconds < minPhaseSeconds || phaseSeconds > MAX_PHASE_SECONDS) revert BadParameter("phaseSeconds");
        _requireNoKey(purpose);

        uint64 signingEndsAt =
            uint64(block.timestamp) + (phaseSeconds > SIGNING_SECONDS ? phaseSeconds : SIGNING_SECONDS);
        uint64 counter = ++attempts;
        bytes32 parametersHash =
            AttemptText.hash(purpose == Purpose.Sign ? "sign" : "seal", roster, t, nMin, phaseSeconds);
        attemptId =
            keccak256(abi.encodePacked("cpds/v1/attempt", hubUid, address(this), counter, parametersHash));
        for (uint256 i = 0; i < n; ++i) {
            if (!isActive(roster[i])) revert NotActive(roster[i]);
            if (identifier[attemptId][roster[i]] != 0) revert BadParameter("roster");
            identifier[attemptId][roster[i]] = uint16(i + 1);
        }
        attemptIdOf[counter] = attemptId;
        byId[attemptId] = Attempt({
            counter: counter,
            parametersHash: parametersHash,
            purpose: purpose,
            phase: Phase.Signing,
            t: t,
            nMin: nMin,
            phaseSeconds: phaseSeconds,
            phaseEndsAt: signingEndsAt,
            phaseBlock: uint64(block.number),
            posted: 0,
            disputed: 0,
            roster: roster
        });
        emit AttemptProposed(attemptId, counter, purpose, roster, t, nMin, phaseSeconds, parametersHash);
        emit PhaseBegan(attemptId, Phase.Signing, signingEndsAt);
    }

    /// @inheritdoc IStoremanRegistry
    function sign(bytes32 attemptId) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Signing);
        emit AttemptSigned(attemptId, member);
        _advance(attemptId, attempt, Phase.Keys);
    }

    /// @inheritdoc IStoremanRegistry
    function keys(bytes32 attemptId, bytes[] calldata hpkeKeys) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Keys);
        _requireLength(attempt.roster.length, hpkeKeys.length);
        bytes32[] memory hashes = new bytes32[](hpkeKeys.length);
        for (uint256 i = 0; i < hpkeKeys.length; ++i) {
            if (i + 1 == member) {
                if (hpkeKeys[i].length != 0) revert BadHpkeKey(i);
                continue;
            }
            if (!P256.isUncompressedPoint(hpkeKeys[i])) revert BadHpkeKey(i);
            // Looks for doubles in the sender's own list only: else somebody could copy a key from a pending
            // transaction and so have its owner refused.
            hashes[i] = keccak256(hpkeKeys[i]);
            for (uint256 k = 0; k < i; ++k) if (hashes[k] == hashes[i]) revert BadHpkeKey(i);
        }
        emit KeysPosted(attemptId, member, hpkeKeys);
        _advance(attemptId, attempt, Phase.Commitments);
    }

    /// @inheritdoc IStoremanRegistry
    function commitments(bytes32 attemptId, Point[] calldata points, bytes calldata proof) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Commitments);
        _requireLength(attempt.t, points.length);
        _requireOnCurve(points);
        emit CommitmentsPosted(attemptId, member, points, proof);
        _advance(attemptId, attempt, Phase.Shares);
    }

    /// @inheritdoc IStoremanRegistry
    function shares(bytes32 attemptId, bytes[] calldata ciphertexts) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Shares);
        _requireLength(attempt.roster.length, ciphertexts.length);
        for (uint256 i = 0; i < ciphertexts.length; ++i) {
            if ((i + 1 == member) != (ciphertexts[i].length == 0)) revert BadCiphertext(i);
        }
        emit SharesPosted(attemptId, member, ciphertexts);
        _advance(attemptId, attempt, Phase.Complaints);
    }

    /// @inheritdoc IStoremanRegistry
    function complaints(bytes32 attemptId, uint16[] calldata accused, bytes32[] calldata secrets) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Complaints);
        _requireLength(accused.length, secrets.length);
        uint256 sides = accused.length == 0 ? 0 : _bit(member);
        for (uint256 i = 0; i < accused.length; ++i) {
            if (accused[i] == 0 || accused[i] == member || accused[i] > attempt.roster.length) revert BadComplaint(i);
            sides |= _bit(accused[i]);
        }
        if (sides != 0) attempt.disputed |= sides;
        emit ComplaintsPosted(attemptId, member, accused, secrets);
        _advance(attemptId, attempt, attempt.disputed == 0 ? Phase.Finish : Phase.Verdict);
    }

    /// @inheritdoc IStoremanRegistry
    function verdict(bytes32 attemptId, uint256 dealers, uint256 receivers) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Verdict);
        uint256 culprits = dealers | receivers;
        if (culprits == 0 || culprits & ~_everyone(attempt) != 0) revert BadVerdict();
        emit VerdictPosted(attemptId, member, dealers, receivers);
        if (++verdicts[attemptId][keccak256(abi.encode(dealers, receivers))] == attempt.t) {
            _fail(attemptId, attempt, culprits);
        } else if (_allPosted(attempt)) {
            _fail(attemptId, attempt, attempt.disputed);
        }
    }

    /// @inheritdoc IStoremanRegistry
    function finish(bytes32 attemptId, Point calldata key, Point[] calldata memberKeys, bytes32 transcript) external {
        (Attempt storage attempt, uint16 member) = _post(attemptId, Phase.Finish);
        _requireNoKey(attempt.purpose);
        _requireLength(attempt.roster.length, memberKeys.length);
        _requireOnCurve(memberKeys);
        // Contracts multiply Y by ecrecover.
        if (key.x >= Secp256k1.N || !Secp256k1.isOnCurve(key.x, key.y)) revert BadPoint(memberKeys.length);
        bytes32 digest = keccak256(abi.encode(attemptId, key, memberKeys, transcript));
        emit FinishPosted(attemptId, member, digest);

        mapping(uint256 => bytes32) storage digests = finishDigest[attemptId];
        bytes32 keyId = keyIdOf(attemptId);
        Group storage group = groups[keyId];
        if (digests[0] == 0) {
            // The first member pays for the group's storage, the last one only for its activation: a member does not
            // know that it will be last when it estimates its gas.
            digests[0] = digest;
            _describe(group, attemptId, attempt, key, memberKeys, transcript);
        }
        if (digests[0] != digest) {
            delete groups[keyId];
            _fail(attemptId, attempt, 0);
            return;
        }
        if (!_allPosted(attempt)) {
            digests[member] = digest;
            return;
        }
        attempt.phase = Phase.Finished;
        attempt.phaseEndsAt = 0;
        attempt.phaseBlock = uint64(block.number);
        group.epoch = 1;
        group.activatedBlock = uint64(block.number);
        currentKeyId[attempt.purpose] = keyId;
        emit GroupActivated(keyId, attempt.purpose, 1, attemptId);
    }

    /// @inheritdoc IStoremanRegistry
    function expire(bytes32 attemptId) external {
        Attempt storage attempt = _known(attemptId);
        if (attempt.phase >= Phase.Finished) revert WrongPhase(attempt.phase);
        if (block.timestamp < attempt.phaseEndsAt) revert DeadlineNotReached(attempt.phaseEndsAt);
        // Without a verdict both sides leave: this contract cannot tell which one is right.
        uint256 culprits =
            attempt.phase == Phase.Verdict ? attempt.disputed : _everyone(attempt) & ~attempt.posted;
        _fail(attemptId, attempt, culprits);
    }

    /// @inheritdoc IStoremanRegistry
    function attemptOf(bytes32 attemptId) external view returns (Attempt memory) {
        return _known(attemptId);
    }

    /// @inheritdoc IStoremanRegistry
    function phaseOf(bytes32 attemptId) external view returns (Phase) {
        Attempt storage attempt = _known(attemptId);
        if (attempt.phase < Phase.Finished && block.timestamp >= attempt.phaseEndsAt) return Phase.Failed;
        return attempt.phase;
    }

    /// @inheritdoc IStoremanRegistry
    function keyIdOf(bytes32 attemptId) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("cpds/v1/key", attemptId));
    }

    /// @inheritdoc IStoremanRegistry
    function groupOf(bytes32 keyId) external view returns (Group memory group) {
        return groups[keyId].epoch == 0 ? group : groups[keyId];
    }

    /// @dev Stores all of a group but its epoch and block, which activation sets.
    function _describe(
        Group storage group,
        bytes32 attemptId,
        Attempt storage attempt,
        Point calldata key,
        Point[] calldata memberKeys,
        bytes32 transcript
    ) private {
        group.attemptId = attemptId;
        group.purpose = attempt.purpose;
        group.t = attempt.t;
        group.transcript = transcript;
        group.key = key;
        group.memberAccounts = attempt.roster;
        for (uint256 i = 0; i < memberKeys.length; ++i) group.memberKeys.push(memberKeys[i]);
    }

    /// @dev Notes the sender's post; reverts unless the phase is the current one.
    function _post(bytes32 attemptId, Phase phase) private returns (Attempt storage attempt, uint16 member) {
        attempt = _known(attemptId);
        if (attempt.phase != phase) revert WrongPhase(attempt.phase);
        if (block.timestamp >= attempt.phaseEndsAt) revert PhaseOver(attempt.phaseEndsAt);
        member = identifier[attemptId][msg.sender];
        if (member == 0) revert NotInRoster(msg.sender);
        uint256 bit = _bit(member);
        if (attempt.posted & bit != 0) revert AlreadyPosted(member);
        attempt.posted |= bit;
    }

    /// @dev Begins the next phase when everyone has posted in this one.
    function _advance(bytes32 attemptId, Attempt storage attempt, Phase next) private {
        if (!_allPosted(attempt)) return;
        attempt.phase = next;
        attempt.posted = 0;
        attempt.phaseEndsAt = uint64(block.timestamp) + attempt.phaseSeconds;
        attempt.phaseBlock = uint64(block.number);
        emit PhaseBegan(attemptId, next, attempt.phaseEndsAt);
    }

    function _fail(bytes32 attemptId, Attempt storage attempt, uint256 culprits) private {
        emit AttemptFailed(attemptId, attempt.phase, culprits);
        attempt.phase = Phase.Failed;
        attempt.phaseEndsAt = 0;
        attempt.phaseBlock = uint64(block.number);
    }

    function _allPosted(Attempt storage attempt) private view returns (bool) {
        return attempt.posted == _everyone(attempt);
    }

    function _everyone(Attempt storage attempt) private view returns (uint256) {
        return (1 << attempt.roster.length) - 1;
    }

    function _bit(uint256 member) private pure returns (uint256) {
        return 1 << (member - 1);
    }

    function _known(bytes32 attemptId) private view returns (Attempt storage attempt) {
        attempt = byId[attemptId];
        if (attempt.phase == Phase.None) revert UnknownAttempt(attemptId);
    }

    /// @dev A generation makes the first key of a purpose and never another: contracts hold Y for ever, and of two
    /// attempts side by side the later one must not replace the key that the earlier one made.
    function _requireNoKey(Purpose purpose) private view {
        bytes32 keyId = currentKeyId[purpose];
        if (keyId != 0) revert KeyExists(keyId);
    }

    function _requireLength(uint256 expected, uint256 actual) private pure {
        if (expected != actual) revert WrongLength(expected, actual);
    }

    function _requireOnCurve(Point[] calldata points) private pure {
        for (uint256 i = 0; i < points.length; ++i) {
            if (!Secp256k1.isOnCurve(points[i].x, points[i].y)) revert BadPoint(i);
        }
    }
}
