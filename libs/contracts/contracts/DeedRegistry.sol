// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeedRegistry} from "./interfaces/IDeedRegistry.sol";
import {Secp256k1} from "./lib/Secp256k1.sol";

/// @title Deeds of one hospital, by cohort
/// @notice Promises, units and errors are at IDeedRegistry.
contract DeedRegistry is IDeedRegistry {
    bytes32 public immutable chainUid;
    address public immutable registrar;
    uint256 public cohorts;
    mapping(uint256 cohort => bytes32) public cohortHash;
    /// @dev By keccak256 of the x's.
    mapping(bytes32 xsHash => bool) private minted;

    constructor(bytes32 chainUid_, address registrar_) {
        if (chainUid_ == 0 || registrar_ == address(0)) revert ZeroArgument();
        chainUid = chainUid_;
        registrar = registrar_;
    }

    /// @inheritdoc IDeedRegistry
    function mint(uint256[16] calldata xs, uint256[16] calldata ys, bytes32[16] calldata commitments)
        external
        returns (uint256 cohort)
    {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        uint256 previous = 0;
        for (uint256 i = 0; i < 16; ++i) {
            uint256 x = xs[i];
            if (x <= previous) revert NotAscending(i);
            // Lsag relies on this line: it multiplies P by ecrecover and takes y as even.
            if (x >= Secp256k1.N || ys[i] & 1 == 1 || !Secp256k1.isOnCurve(x, ys[i])) revert BadDeedKey(i);
            if (commitments[i] == 0) revert ZeroCommitment(i);
            previous = x;
        }
        // A ring signature names the x's, not the cohort: with the same ring under other commitments, a lock of one
        // cohort could stand for the other.
        bytes32 xsHash = keccak256(abi.encodePacked(xs));
        if (minted[xsHash]) revert RingMinted(xsHash);
        minted[xsHash] = true;
        cohort = cohorts++;
        cohortHash[cohort] = keccak256(abi.encodePacked(xsHash, keccak256(abi.encodePacked(commitments))));
        emit CohortMinted(cohort, xs, commitments);
    }
}
