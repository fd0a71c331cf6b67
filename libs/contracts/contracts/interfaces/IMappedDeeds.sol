// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GrantData} from "../lib/GrantLib.sol";
import {IClosing} from "./IClosing.sol";

/// @title Grants mapped on their destination chain (protocol section 7)
/// @notice None -> Mapped -> Closed(Revoked | GivenBack), or None -> Void. The mapping belongs to addr(Q) and is the
/// destination's receipt; it never moves. Dead at notAfter without any transaction.
interface IMappedDeeds is IClosing {
    enum Status {
        None,
        Mapped,
        Closed,
        Void
    }

    enum Reason {
        None,
        Revoked,
        GivenBack
    }

    /// @param status what happened; expiry is not a status
    /// @param reason why it is Closed, None otherwise
    /// @param notAfter of the grant, in seconds; 0 for None and Void
    /// @param owner addr(Q); zero for None and Void
    struct Mapping {
        Status status;
        Reason reason;
        uint64 notAfter;
        address owner;
    }

    /// @notice The grant locked on homeUid is mapped here for `owner` = addr(Q).
    event Mapped(bytes32 indexed grantId, bytes32 indexed homeUid, address indexed owner, GrantData grant);
    /// @notice The mapping ended before its time.
    event MappingClosed(bytes32 indexed grantId, Reason reason);
    /// @notice The grant was revoked before it was mapped and never will be.
    event MappingVoided(bytes32 indexed grantId);

    /// @notice A constructor argument is zero, or the key is no point that ecrecover could multiply.
    error BadArgument();
    /// @notice The grant names another MappedDeeds.
    error OtherMappedDeeds(address named);
    /// @notice The grant names another destination chain.
    error OtherDestination(bytes32 named);
    /// @notice block.timestamp has reached mintBefore.
    error MintTooLate(uint64 mintBefore, uint256 timestamp);
    /// @notice notAfter is not after mintBefore.
    error BadValidity(uint64 mintBefore, uint64 notAfter);
    /// @notice The grant is Mapped, Closed or Void already.
    error NotFree(bytes32 grantId, Status status);
    /// @notice There is no mapping to close.
    error NotMapped(bytes32 grantId);
    /// @notice (R, z) is not the group's signature on Mint.
    error BadGroupSignature();

    /// @notice Maps the grant: (R, z) is the group's signature over Mint(this, grantId) under this chain's uid, grantId being
    /// the grant's digest under homeUid. Announces Q by ERC-5564.
    function mint(bytes32 homeUid, GrantData calldata grant, uint256 rx, uint256 ry, uint256 z) external;

    /// @notice Ends a mapping by its revoker; before a mapping, makes it impossible, as long as it could still come in
    /// time.
    /// @param signature r ‖ s ‖ v over Revoke(grantId) under homeUid
    function revoke(bytes32 homeUid, GrantData calldata grant, bytes calldata signature) external;

    /// @notice Ends a mapping by its recipient q.
    /// @param signature r ‖ s ‖ v over GiveBack(grantId) under homeUid
    function giveBack(bytes32 homeUid, GrantData calldata grant, bytes calldata signature) external;

    function mappingOf(bytes32 grantId) external view returns (Mapping memory);

    function chainUid() external view returns (bytes32);
    /// @notice Id and point of Y_sig, fixed for ever: a new Y means a new contract.
    function keyId() external view returns (bytes32);
    function groupKey() external view returns (uint256 x, uint256 y);
    /// @notice The ERC-5564 announcer.
    function announcer() external view returns (address);
}
