// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Point} from "../lib/Secp256k1.sol";

/// @title Storemen, their key ceremonies and groups (protocol section 3)
/// @notice The hub is the ceremonies' broadcast channel: a message that is not here by the phase's deadline does not
/// count, so nobody can tell different members different things. A post is signed by being sent from the member's gas
/// account. Contents are in events; members act on a phase only when the block that began it is final.
interface IStoremanRegistry {
    /// @notice An attempt's phases in order; it ends Finished or Failed. A phase ends at its deadline, or as soon as
    /// everyone it waits for has posted.
    enum Phase {
        None,
        Signing,
        Keys,
        Commitments,
        Shares,
        Complaints,
        Verdict,
        Finish,
        Finished,
        Failed
    }

    /// @notice What a key is for. Never one key for both.
    enum Purpose {
        None,
        Sign,
        Seal
    }

    /// @param counter number of the attempt, from 1
    /// @param parametersHash sha256 of the RFC 8785 text of roster and parameters
    /// @param t threshold
    /// @param nMin the set may not be smaller
    /// @param phaseSeconds length of each phase after Signing, at most a day; Signing lasts as long, and five minutes at
    /// least
    /// @param phaseEndsAt timestamp in seconds from which the phase takes no post; 0 once it ended
    /// @param phaseBlock number of the block in which the phase began
    /// @param posted bit i-1 is set when member i has posted in this phase
    /// @param disputed bit i-1 is set when member i has complained or was complained of
    /// @param roster gas accounts; a member's identifier is its place, from 1
    struct Attempt {
        uint64 counter;
        bytes32 parametersHash;
        Purpose purpose;
        Phase phase;
        uint16 t;
        uint16 nMin;
        uint32 phaseSeconds;
        uint64 phaseEndsAt;
        uint64 phaseBlock;
        uint256 posted;
        uint256 disputed;
        address[] roster;
    }

    /// @param attemptId the generation that made the key
    /// @param epoch 1 after generation; each reshare adds one
    /// @param activatedBlock number of the block that recorded the key
    /// @param transcript hash of everything the members saw, as they signed it
    /// @param key Y, x below n
    /// @param memberAccounts gas accounts by identifier - 1
    /// @param memberKeys Y_i by identifier - 1
    struct Group {
        bytes32 attemptId;
        Purpose purpose;
        uint64 epoch;
        uint16 t;
        uint64 activatedBlock;
        bytes32 transcript;
        Point key;
        address[] memberAccounts;
        Point[] memberKeys;
    }

    event AttemptProposed(
        bytes32 indexed attemptId,
        uint64 counter,
        Purpose purpose,
        address[] roster,
        uint16 t,
        uint16 nMin,
        uint32 phaseSeconds,
        bytes32 parametersHash
    );
    event AttemptSigned(bytes32 indexed attemptId, uint16 indexed member);
    event PhaseBegan(bytes32 indexed attemptId, Phase indexed phase, uint64 endsAt);
    /// @param hpkeKeys by dealer - 1; the member's own place is empty
    event KeysPosted(bytes32 indexed attemptId, uint16 indexed member, bytes[] hpkeKeys);
    /// @param points A_0 … A_{t-1}
    event CommitmentsPosted(bytes32 indexed attemptId, uint16 indexed member, Point[] points, bytes proof);
    /// @param ciphertexts by receiver - 1; the dealer's own place is empty
    event SharesPosted(bytes32 indexed attemptId, uint16 indexed member, bytes[] ciphertexts);
    /// @param accused dealers
    /// @param secrets HPKE secret key used for that dealer alone, in the same order
    event ComplaintsPosted(bytes32 indexed attemptId, uint16 indexed member, uint16[] accused, bytes32[] secrets);
    /// @param dealers bit i-1 is set when member i dealt a bad share
    /// @param receivers bit i-1 is set when member i complained without reason
    event VerdictPosted(bytes32 indexed attemptId, uint16 indexed member, uint256 dealers, uint256 receivers);
    event FinishPosted(bytes32 indexed attemptId, uint16 indexed member, bytes32 digest);
    /// @param phase in which it failed
    /// @param culprits bit i-1 is set for each member that the next attempt leaves out: those that had not posted in the
    /// phase, those that t verdicts convict, or, without such verdicts by the deadline, both sides of every complaint. Empty
    /// when the members finished unlike
    event AttemptFailed(bytes32 indexed attemptId, Phase phase, uint256 culprits);
    event GroupActivated(bytes32 indexed keyId, Purpose indexed purpose, uint64 epoch, bytes32 attemptId);

    /// @notice The named parameter breaks a rule of section 3.
    error BadParameter(string name);
    /// @notice The purpose has a key already, and a generation does not replace it.
    error KeyExists(bytes32 keyId);
    error UnknownAttempt(bytes32 attemptId);
    error WrongPhase(Phase phase);
    /// @notice The phase's deadline has passed; the attempt has failed.
    error PhaseOver(uint64 endedAt);
    error NotInRoster(address sender);
    error AlreadyPosted(uint16 member);
    /// @notice The list has not one entry per member, or not exactly t points.
    error WrongLength(uint256 expected, uint256 actual);
    /// @notice The key at this place is no uncompressed point of P-256, is twice in the sender's list, or is not empty
    /// at the sender's own place. A member whose post reverts counts as silent.
    error BadHpkeKey(uint256 place);
    /// @notice The point at this place is off the curve, or Y's x is not below n.
    error BadPoint(uint256 place);
    /// @notice An entry for the sender itself is not empty, or another's is.
    error BadCiphertext(uint256 place);
    /// @notice A complaint names no other member.
    error BadComplaint(uint256 place);
    /// @notice A verdict convicts nobody, or a member that does not exist.
    error BadVerdict();
    error DeadlineNotReached(uint64 endsAt);

    /// @notice Proposes an attempt to make a purpose's first key. By any owner. Its phases begin when every listed member has
    /// signed. Several attempts may be under way; the first to finish makes the key, and the others cannot finish.
    function propose(Purpose purpose, address[] calldata roster, uint16 t, uint16 nMin, uint32 phaseSeconds)
        external
        returns (bytes32 attemptId);

    /// @notice Records that the sender agrees to the attempt's roster and parameters.
    function sign(bytes32 attemptId) external;

    /// @notice One fresh HPKE key per dealer: a complaint then opens one dealer's share and no other.
    function keys(bytes32 attemptId, bytes[] calldata hpkeKeys) external;

    /// @notice Exactly t commitments to the polynomial, and a proof of possession of its constant term.
    function commitments(bytes32 attemptId, Point[] calldata points, bytes calldata proof) external;

    /// @notice All shares the sender deals, sealed.
    function shares(bytes32 attemptId, bytes[] calldata ciphertexts) external;

    /// @notice The sender's complaints, maybe none. Any complaint leads to a verdict, which ends the attempt.
    function complaints(bytes32 attemptId, uint16[] calldata accused, bytes32[] calldata secrets) external;

    /// @notice How the sender judges the complaints. t verdicts alike end the attempt and name whom it fails for: opening what
    /// a complaint reveals is deterministic, so honest members judge alike.
    function verdict(bytes32 attemptId, uint256 dealers, uint256 receivers) external;

    /// @notice Records the sender's result. The key exists once every member has sent the same.
    function finish(bytes32 attemptId, Point calldata key, Point[] calldata memberKeys, bytes32 transcript) external;

    /// @notice Records that a deadline passed with members silent. Anyone may.
    function expire(bytes32 attemptId) external;

    function attemptOf(bytes32 attemptId) external view returns (Attempt memory);
    /// @notice The present phase; Failed also if a deadline has passed that nobody recorded yet.
    function phaseOf(bytes32 attemptId) external view returns (Phase);
    /// @notice Id of the attempt with this number.
    function attemptIdOf(uint64 counter) external view returns (bytes32);
    /// @notice Number of the last attempt.
    function attempts() external view returns (uint64);
    /// @notice keccak256("cpds/v1/key" ‖ attemptId).
    function keyIdOf(bytes32 attemptId) external pure returns (bytes32);
    /// @notice The key made for a purpose; 0 until there is one, and never another after it.
    function currentKeyId(Purpose purpose) external view returns (bytes32);
    /// @notice Zeros for a key that is not active.
    function groupOf(bytes32 keyId) external view returns (Group memory);
    /// @notice What a member said at finish; 0 before, and for the last one, whose agreement is the key itself.
    function finishDigest(bytes32 attemptId, uint256 member) external view returns (bytes32);
    function hubUid() external view returns (bytes32);
    /// @notice Least length of a phase in seconds: 2(d+2)·blockSeconds of the hub.
    function minPhaseSeconds() external view returns (uint32);
}
