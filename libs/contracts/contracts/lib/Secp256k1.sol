// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Affine point of secp256k1 as two words. The identity has no such form.
struct Point {
    uint256 x;
    uint256 y;
}

/// @title secp256k1 by ecrecover and given witnesses
/// @notice The EVM has no curve addition. `ecrecover(h, v, r, s)` returns addr(r^-1 (s·X - h·G)) for the point X with
/// X.x = r and the parity of v: with chosen arguments it multiplies, and adds one multiple of G. Everything else is given
/// by the caller and checked here. An address is 160 bits of keccak256, so "this point has that address" is as hard to
/// forge as a second preimage of 160 bits (Liu-Wei-Wong 2004 needs no more than the binding of L and R).
library Secp256k1 {
    /// @dev Field prime, p = 3 mod 4.
    uint256 internal constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    /// @dev Group order.
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    /// @notice Whether (x, y) is a canonical point of the curve; never the identity, which has no (x, y).
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        return x < P && y < P && mulmod(y, y, P) == rightSide(x);
    }

    /// @notice x³ + 7 mod p. Never 0 on this curve, so a value and its negative never share a root.
    function rightSide(uint256 x) internal pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, P), x, P), 7, P);
    }

    /// @notice Last 20 bytes of keccak256(x ‖ y).
    function toAddress(uint256 x, uint256 y) internal pure returns (address account) {
        assembly ("memory-safe") {
            mstore(0x00, x)
            mstore(0x20, y)
            account := and(keccak256(0x00, 0x40), 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }

    /// @notice keccak256 of the 33 bytes (02 | 03) ‖ x: how EIP-712 hashes a compressed point in a `bytes` field.
    function compressedHash(uint256 x, uint256 y) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            mstore8(0x00, add(2, and(y, 1)))
            mstore(0x01, x)
            hash := keccak256(0x00, 0x21)
        }
    }

    /// @notice Address of g·G + k·X; 0 when that is the identity.
    /// @dev Needs x in [1, n-1] with X on the curve, k in [1, n-1], g in [0, n-1]; the caller has checked them.
    /// ecrecover refuses s = 0 and r >= n, and answers nothing for the identity: all of these come back as 0.
    function linear(uint256 g, uint256 k, uint256 x, uint256 y) internal pure returns (address) {
        // r^-1 (s·X - h·G) with s = k·x and h = -g·x, all mod n
        uint256 gx = mulmod(g, x, N);
        return ecrecover(
            bytes32(gx == 0 ? 0 : N - gx), uint8(27 + (y & 1)), bytes32(x), bytes32(mulmod(k, x, N))
        );
    }

    /// @notice Whether (ax, ay) = k·X, for X on the curve with x < n and k in [1, n-1].
    function isMultiple(uint256 ax, uint256 ay, uint256 k, uint256 x, uint256 y) internal pure returns (bool) {
        address product = linear(0, k, x, y);
        return product != address(0) && product == toAddress(ax, ay);
    }

    /// @notice A + B by the given chord slope; ok is false for equal x (there 0 = 0 would accept any slope) and for a
    /// slope that is not the chord's. A and B are points that the caller has checked already.
    function add(uint256 ax, uint256 ay, uint256 bx, uint256 by, uint256 slope)
        internal
        pure
        returns (bool ok, uint256 x, uint256 y)
    {
        uint256 dx = addmod(bx, P - ax, P);
        if (dx == 0 || slope >= P) return (false, 0, 0);
        if (mulmod(slope, dx, P) != addmod(by, P - ay, P)) return (false, 0, 0);
        x = addmod(mulmod(slope, slope, P), P - addmod(ax, bx, P), P);
        y = addmod(mulmod(slope, addmod(ax, P - x, P), P), P - ay, P);
        return (true, x, y);
    }

    /// @notice Signer of a digest; 0 for a malformed or malleable signature.
    /// @param signature r ‖ s ‖ v, 65 bytes, s in the lower half (EIP-2), v 27 or 28
    function recover(bytes32 digest, bytes calldata signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        if (uint256(s) > N / 2) return address(0);
        return ecrecover(digest, uint8(signature[64]), r, s);
    }
}
