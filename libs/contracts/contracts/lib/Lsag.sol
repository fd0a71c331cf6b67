// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Point, Secp256k1} from "./Secp256k1.sol";

/// @title Linkable ring signature over a cohort (protocol section 5)
/// @notice Verifies the compact signature (I, c_0, s_0 … s_{k-1}) with the witness of WITNESS.md. `xs` are x coordinates
/// below n of points on the curve with even y: the DeedRegistry checked them, this library does not.
library Lsag {
    /// @notice The tag's x is not below n, so ecrecover could not multiply it.
    error TagOutOfRange();
    /// @notice c_0, a computed c_i or an s_i is zero or not below n.
    error ScalarOutOfRange(uint256 member);
    /// @notice A root proves neither that the counter is refused nor that it is accepted, or the accepted y is odd.
    error BadTagBaseRoot(uint256 member, uint256 counter);
    /// @notice s·H or c·I is not what the witness says.
    error BadMultiple(uint256 member);
    /// @notice The sum s·H + c·I has no chord (equal x), or the slope is not the chord's.
    error BadSum(uint256 member);
    /// @notice L is the identity.
    error IdentityL(uint256 member);
    /// @notice The witness is too short, or words are left over.
    error WitnessLength();
    /// @notice The chain of challenges does not close.
    error RingOpen();

    /// @dev What does not change along the ring.
    struct Ring {
        bytes32 tagDomain;
        bytes32 message;
        bytes32 ringHash;
        uint8 slot;
        Point tag;
    }

    /// @dev State of the walk along the ring: the member, its challenge, its first witness word.
    struct Cursor {
        uint256 member;
        uint256 c;
        uint256 offset;
    }

    /// @dev Words of a member before its roots: s, A.x, A.y, B.x, B.y, slope.
    uint256 private constant FIXED_WORDS = 6;

    /// @notice D = keccak256("cpds/v1/tag-base" ‖ chainUid ‖ LockedAccount).
    function tagDomain(bytes32 chainUid, address lockedAccount) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("cpds/v1/tag-base", chainUid, lockedAccount));
    }

    /// @notice keccak256("cpds/v1/ring" ‖ u8 slot ‖ x_0 ‖ … ‖ x_{k-1}).
    function hashRing(uint8 slot, uint256[] calldata xs) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("cpds/v1/ring", slot, xs));
    }

    /// @notice Reverts unless the signature is one of the ring on `ring.message` with tag `ring.tag`.
    function verify(Ring memory ring, uint256[] calldata xs, uint256 c0, uint256[] calldata witness) internal pure {
        if (ring.tag.x >= Secp256k1.N || !Secp256k1.isOnCurve(ring.tag.x, ring.tag.y)) revert TagOutOfRange();
        if (c0 == 0 || c0 >= Secp256k1.N) revert ScalarOutOfRange(0);
        Cursor memory cursor = Cursor(0, c0, 0);
        while (cursor.member < xs.length) {
            cursor.c = _next(ring, xs[cursor.member], cursor, witness);
            ++cursor.member;
        }
        if (cursor.offset != witness.length) revert WitnessLength();
        if (cursor.c != c0) revert RingOpen();
    }

    /// @dev c_{i+1} from c_i; moves the cursor's offset past the member.
    function _next(Ring memory ring, uint256 px, Cursor memory cursor, uint256[] calldata witness)
        private
        pure
        returns (uint256 next)
    {
        uint256 begin = cursor.offset;
        cursor.offset = begin + FIXED_WORDS;
        if (cursor.offset >= witness.length) revert WitnessLength();
        uint256 s = witness[begin];
        if (s == 0 || s >= Secp256k1.N) revert ScalarOutOfRange(cursor.member);
        uint256 hx = _tagBase(ring, px, cursor, witness);
        (uint256 rx, uint256 ry) = _right(ring.tag, cursor, hx, witness[begin:begin + FIXED_WORDS]);
        address left = Secp256k1.linear(s, cursor.c, px, 0);
        if (left == address(0)) revert IdentityL(cursor.member);
        next = _challenge(ring, left, rx, ry);
        if (next == 0) revert ScalarOutOfRange(cursor.member + 1);
    }

    function _challenge(Ring memory ring, address left, uint256 rx, uint256 ry) private pure returns (uint256) {
        return uint256(
            keccak256(
                abi.encodePacked("cpds/v1/lsag", ring.message, ring.ringHash, ring.tag.x, ring.tag.y, left, rx, ry)
            )
        ) % Secp256k1.N;
    }

    /// @dev R = s·H + c·I. H has an even y.
    function _right(Point memory tag, Cursor memory cursor, uint256 hx, uint256[] calldata words)
        private
        pure
        returns (uint256 rx, uint256 ry)
    {
        if (!Secp256k1.isMultiple(words[1], words[2], words[0], hx, 0)) revert BadMultiple(cursor.member);
        if (!Secp256k1.isMultiple(words[3], words[4], cursor.c, tag.x, tag.y)) revert BadMultiple(cursor.member);
        bool ok;
        (ok, rx, ry) = Secp256k1.add(words[1], words[2], words[3], words[4], words[5]);
        if (!ok) revert BadSum(cursor.member);
    }

    /// @dev x of Hp(P, slot), proved by one root per counter; its y is even. x³+7 and its negative are never both squares
    /// (p = 3 mod 4), so a refused counter cannot pass for an accepted one, nor the reverse.
    function _tagBase(Ring memory ring, uint256 px, Cursor memory cursor, uint256[] calldata witness)
        private
        pure
        returns (uint256)
    {
        for (uint256 counter = 0; counter < 256; ++counter) {
            if (cursor.offset >= witness.length) revert WitnessLength();
            uint256 root = witness[cursor.offset++];
            uint256 x = uint256(keccak256(abi.encodePacked(ring.tagDomain, px, ring.slot, uint8(counter))));
            if (x >= Secp256k1.N) {
                if (root != 0) revert BadTagBaseRoot(cursor.member, counter);
                continue;
            }
            if (root >= Secp256k1.P) revert BadTagBaseRoot(cursor.member, counter);
            uint256 square = mulmod(root, root, Secp256k1.P);
            uint256 right = Secp256k1.rightSide(x);
            if (square == right) {
                if (root & 1 == 1) revert BadTagBaseRoot(cursor.member, counter);
                return x;
            }
            if (square != Secp256k1.P - right) revert BadTagBaseRoot(cursor.member, counter);
        }
        revert BadTagBaseRoot(cursor.member, 256);
    }
}
