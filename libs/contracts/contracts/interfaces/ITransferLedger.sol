// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Vouches for locks, and heads of chains, on the hub (protocol section 7: Hub)
/// @notice v bonded vouchers that saw the same lock final on its home chain let the storemen sign its Mint. One vouch per
/// voucher and grant; the first digest with v vouches wins, so one liar cannot occupy a grant.
interface ITransferLedger {
    /// @notice The lock that a voucher saw. blockNumber and blockHash are of the block that holds the lock.
    struct Vouch {
        bytes32 homeUid;
        address lockedAccount;
        bytes32 destinationUid;
        bytes32 grantId;
        bytes32 ringHash;
        uint64 blockNumber;
        bytes32 blockHash;
    }

    /// @param digest the first with v vouches; 0 until then
    /// @param decidedAt number of the hub's block that decided
    struct Transfer {
        bytes32 digest;
        bytes32 homeUid;
        bytes32 destinationUid;
        uint64 decidedAt;
    }

    /// @param number block number
    struct Head {
        uint64 number;
        bytes32 blockHash;
    }

    /// @param count vouches of active vouchers for this digest so far, this one included
    event VouchGiven(bytes32 indexed grantId, address indexed voucher, bytes32 digest, uint256 count, Vouch vouch);
    /// @notice The grant has v vouches of one digest.
    event TransferVouched(bytes32 indexed grantId, bytes32 indexed digest, bytes32 homeUid, bytes32 destinationUid);
    event HeadAnchored(bytes32 indexed chainUid, address indexed voucher, uint64 number, bytes32 blockHash);

    /// @notice No such LockedAccount is registered for the home chain.
    error UnknownLockedAccount(bytes32 homeUid, address lockedAccount);
    /// @notice This voucher vouched for this grant before, with another digest or destination.
    error OtherVouch(bytes32 digest);
    /// @notice The block number is below the anchored one.
    error HeadGoesBack(uint64 anchored, uint64 number);
    /// @notice The same block number with another hash.
    error HeadChanges(uint64 number, bytes32 anchored, bytes32 blockHash);

    /// @notice Records the sender's vouch; the same one again does nothing.
    function vouch(Vouch calldata what) external;

    /// @notice Anchors the last final block the sender saw of a chain.
    function head(bytes32 chainUid, uint64 number, bytes32 blockHash) external;

    /// @notice v.
    function vouchesNeeded() external view returns (uint256);
    function transferOf(bytes32 grantId) external view returns (Transfer memory);
    /// @notice Digest that the voucher vouched for; 0 for none.
    function vouchOf(bytes32 grantId, address voucher) external view returns (bytes32);
    /// @notice Vouches of vouchers active now for exactly this digest and destination.
    function countOf(bytes32 digest, bytes32 destinationUid) external view returns (uint256);
    function headOf(bytes32 chainUid, address voucher) external view returns (Head memory);
    /// @notice keccak256("cpds/v1/vouch" ‖ homeUid ‖ LockedAccount ‖ grantId ‖ ringHash ‖ u64 block number ‖ its hash).
    function digestOf(Vouch calldata what) external pure returns (bytes32);
}
