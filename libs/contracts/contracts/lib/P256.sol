// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Public keys of HPKE suite DHKEM(P-256)
library P256 {
    uint256 internal constant P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff;
    uint256 internal constant B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b;

    /// @notice Whether `key` is 04 ‖ x ‖ y of a canonical point of the curve: other keys make honest dealers look guilty.
    function isUncompressedPoint(bytes memory key) internal pure returns (bool) {
        if (key.length != 65 || key[0] != 0x04) return false;
        uint256 x;
        uint256 y;
        assembly ("memory-safe") {
            x := mload(add(key, 0x21))
            y := mload(add(key, 0x41))
        }
        if (x >= P || y >= P) return false;
        // y² = x³ - 3x + b
        uint256 right = addmod(mulmod(addmod(mulmod(x, x, P), P - 3, P), x, P), B, P);
        return mulmod(y, y, P) == right;
    }
}
