// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GrantData} from "../lib/GrantLib.sol";
import {IClosing} from "./IClosing.sol";

/// @title Grants locked on their home chain (protocol section 7)
/// @notice None -> Locked -> Closed(Refunded | Revoked | GivenBack), or None -> Void. A grant is dead at its notAfter
/// without any transaction: readers compare times themselves. Authority lies in signatures, never in the sender; a second
/// submission of a closing does nothing.
interface ILockedAccount is IClosing {
    enum Status {
        None,
        Locked,
        Closed,
        Void
    }

    enum Reason {
        None,
        Refunded,
        Revoked,
        GivenBack
    }

    /// @param status what happened; expiry is not a status
    /// @param reason why it is Closed, None otherwise
    /// @param notAfter of the grant, in seconds; 0 for None and Void
    /// @param lockBlock number of the block of the lock; 0 for None and Void
    struct Lock {
        Status status;
        Reason reason;
        uint64 notAfter;
        uint64 lockBlock;
    }

    /// @notice A deed of the cohort is locked under its owner's ring signature.
    event Locked(bytes32 indexed grantId, uint256 indexed cohort, bytes32 ringHash, GrantData grant);
    /// @notice The lock ended before its time.
    event LockClosed(bytes32 indexed grantId, Reason reason);
    /// @notice The grant was revoked before it was locked and never will be.
    event LockVoided(bytes32 indexed grantId);

    /// @notice A constructor argument is zero, or the key is no point that ecrecover could multiply.
    error BadArgument();
    /// @notice The grant names another LockedAccount.
    error OtherLockedAccount(address named);
    /// @notice The grant's sealedKeyHash is zero.
    error ZeroSealedKeyHash();
    /// @notice The grant's revoker is the zero address.
    error ZeroRevoker();
    /// @notice block.timestamp has reached lockBefore.
    error LockTooLate(uint64 lockBefore, uint256 timestamp);
    /// @notice mintBefore is less than minWindow after block.timestamp.
    error MintWindowTooShort(uint64 mintBefore, uint256 earliest);
    /// @notice notAfter is not after mintBefore.
    error BadValidity(uint64 mintBefore, uint64 notAfter);
    /// @notice The grant is Locked, Closed or Void already.
    error NotFree(bytes32 grantId, Status status);
    /// @notice This deed was locked in this slot before: a slot of a deed serves once.
    error TagUsed(bytes32 earlierGrantId);
    /// @notice xs and commitmentsHash are not those of the cohort.
    error UnknownCohort(uint256 cohort);
    /// @notice There is no lock to close.
    error NotLocked(bytes32 grantId);
    /// @notice (R, z) is not the group's signature on NotMapped.
    error BadGroupSignature();

    /// @notice Locks the deed that signed. Refused for a used tag: the grant's tag names the deed's key, so nobody else can
    /// lock this grant or any that carries its capsule.
    /// @param cohort index in the DeedRegistry
    /// @param commitmentsHash keccak256 of the cohort's commitments joined
    /// @param xs x of the cohort's deeds, in its order
    /// @param c0 first challenge of the ring signature on grantId
    /// @param witness see WITNESS.md
    function lock(
        GrantData calldata grant,
        uint256 cohort,
        bytes32 commitmentsHash,
        uint256[] calldata xs,
        uint256 c0,
        uint256[] calldata witness
    ) external;

    /// @notice Ends a lock that the group states was never mapped: (R, z) over NotMapped(this, grantId) under this chain's uid.
    function refund(bytes32 grantId, uint256 rx, uint256 ry, uint256 z) external;

    /// @notice Ends a lock by its revoker; before a lock, makes it impossible, as long as it could still come in time.
    /// @param signature r ‖ s ‖ v over Revoke(grantId) under this chain's uid
    function revoke(GrantData calldata grant, bytes calldata signature) external;

    /// @notice Ends a lock by its recipient q.
    /// @param signature r ‖ s ‖ v over GiveBack(grantId) under this chain's uid
    function giveBack(GrantData calldata grant, bytes calldata signature) external;

    function lockOf(bytes32 grantId) external view returns (Lock memory);

    /// @notice grantId that used the tag with this compressedHash (keccak256 of the tag's 33 bytes); 0 while free.
    function grantOfTag(bytes32 tagHash) external view returns (bytes32);

    /// @notice grantId of a grant under this chain's uid.
    function idOf(GrantData calldata grant) external view returns (bytes32);

    function chainUid() external view returns (bytes32);
    function deedRegistry() external view returns (address);
    /// @notice Id and point of Y_sig, fixed for ever: a new Y means a new contract.
    function keyId() external view returns (bytes32);
    function groupKey() external view returns (uint256 x, uint256 y);
    /// @notice Least time between a lock and its mintBefore, in seconds.
    function minWindow() external view returns (uint64);
}
