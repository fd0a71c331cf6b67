// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Deeds of one hospital (protocol section 5)
/// @notice A deed (P, commitment) says "this record exists, this hospital vouches for it, its owner holds this key" and
/// nothing else. Deeds are minted in whole cohorts; a cohort is the ring of every lock of its deeds.
interface IDeedRegistry {
    /// @notice A cohort exists from this block on.
    /// @param cohort index from 0
    /// @param xs x of each P in ascending order; y is even
    /// @param commitments of the records, in the order of xs
    event CohortMinted(uint256 indexed cohort, uint256[16] xs, bytes32[16] commitments);

    /// @notice Only the hospital's registrar mints.
    error NotRegistrar(address sender);
    /// @notice The x at this place is not above the one before it.
    error NotAscending(uint256 place);
    /// @notice The point at this place is off the curve, has an odd y, or an x that ecrecover could not take.
    error BadDeedKey(uint256 place);
    /// @notice The commitment at this place is zero.
    error ZeroCommitment(uint256 place);
    /// @notice A cohort of exactly these x's exists: a ring is minted once.
    error RingMinted(bytes32 xsHash);
    /// @notice A constructor argument is zero.
    error ZeroArgument();

    /// @notice Mints one cohort of 16, its x's not those of an earlier one, and returns its index.
    /// @param ys the even y of each P: given, because computing the root costs much gas
    function mint(uint256[16] calldata xs, uint256[16] calldata ys, bytes32[16] calldata commitments)
        external
        returns (uint256 cohort);

    /// @notice keccak256(keccak256(xs) ‖ keccak256(commitments)); 0 for a cohort that does not exist.
    function cohortHash(uint256 cohort) external view returns (bytes32);

    /// @notice Number of cohorts minted so far.
    function cohorts() external view returns (uint256);

    /// @notice Uid of the chain this stands on.
    function chainUid() external view returns (bytes32);

    /// @notice The account that mints.
    function registrar() external view returns (address);
}
