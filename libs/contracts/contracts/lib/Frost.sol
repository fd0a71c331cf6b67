// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Point, Secp256k1} from "./Secp256k1.sol";

/// @title Signatures of FROST(secp256k1, SHA-256), RFC 9591 section 6.5
/// @notice A group signature is an ordinary Schnorr signature (R, z) with z·G = R + c·Y.
library Frost {
    /// @dev DST_prime of hash_to_field: "FROST-secp256k1-SHA256-v1chal" and its length, 29.
    bytes private constant DST_PRIME = "FROST-secp256k1-SHA256-v1chal\x1d";

    /// @notice Whether (R, z) is the group's signature on the 32-byte digest.
    /// @param key Y, on the curve with x < n: the constructor of the caller checked it
    function isValid(Point memory key, bytes32 digest, uint256 rx, uint256 ry, uint256 z)
        internal
        pure
        returns (bool)
    {
        if (z == 0 || z >= Secp256k1.N || !Secp256k1.isOnCurve(rx, ry)) return false;
        uint256 c = challenge(key, digest, rx, ry);
        if (c == 0) return false;
        // addr(z·G - c·Y) = addr(R)
        address left = Secp256k1.linear(z, Secp256k1.N - c, key.x, key.y);
        return left != address(0) && left == Secp256k1.toAddress(rx, ry);
    }

    /// @notice H2(R ‖ Y ‖ digest), points compressed: hash_to_field with expand_message_xmd (RFC 9380 section 5.3.1),
    /// 48 bytes mod n.
    function challenge(Point memory key, bytes32 digest, uint256 rx, uint256 ry) internal pure returns (uint256) {
        bytes memory message =
            abi.encodePacked(uint8(2 + (ry & 1)), rx, uint8(2 + (key.y & 1)), key.x, digest);
        // Z_pad is one SHA-256 block of zeros; l_i_b_str = 48; then I2OSP(0, 1).
        bytes32 b0 = sha256(abi.encodePacked(bytes32(0), bytes32(0), message, uint16(48), uint8(0), DST_PRIME));
        bytes32 b1 = sha256(abi.encodePacked(b0, uint8(1), DST_PRIME));
        bytes32 b2 = sha256(abi.encodePacked(b0 ^ b1, uint8(2), DST_PRIME));
        // b1 ‖ first 16 bytes of b2, mod n
        return addmod(mulmod(uint256(b1), 1 << 128, Secp256k1.N), uint256(b2) >> 128, Secp256k1.N);
    }
}
