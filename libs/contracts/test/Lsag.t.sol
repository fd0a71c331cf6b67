// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Lsag} from "../contracts/lib/Lsag.sol";
import {Point, Secp256k1} from "../contracts/lib/Secp256k1.sol";
import {Fixtures} from "./support/Fixtures.sol";

/// @dev A library's internal functions behind a call, so that reverts can be expected and calldata is calldata.
contract LsagDoor {
    function verify(Lsag.Ring memory ring, uint256[] calldata xs, uint256 c0, uint256[] calldata witness) external pure {
        Lsag.verify(ring, xs, c0, witness);
    }

    function hashRing(uint8 slot, uint256[] calldata xs) external pure returns (bytes32) {
        return Lsag.hashRing(slot, xs);
    }
}

contract LsagTest is Fixtures {
    LsagDoor private door = new LsagDoor();

    function verify(RingCase memory ring) private view {
        door.verify(
            Lsag.Ring(ring.domain, ring.message, ring.ringHash, ring.slot, ring.tag), ring.xs, ring.c0, ring.witness
        );
    }

    function vector(uint256 i) private view returns (RingCase memory) {
        return ringCaseAt(string.concat(".lsag[", vm.toString(i), "]"));
    }

    function invalid(uint256 i) private view returns (RingCase memory) {
        return ringCaseAt(string.concat(".lsagInvalid[", vm.toString(i), "]"));
    }

    /// @dev First word of a member's witness.
    function offsetOf(RingCase memory ring, uint256 member) private pure returns (uint256 offset) {
        for (uint256 i = 0; i < member; ++i) offset += ring.lengths[i];
    }

    function test_TagDomain_isThatOfTheVectors() public pure {
        bytes32 uid = 0xc1f2043d5b092148411da4e1d32ebeb1d6535155a3d69130d84b175e526c54c8;
        bytes32 domain = Lsag.tagDomain(uid, 0x6672Dc251937a7D8F52a33E8E3Bd1F0fCaB9652F);
        assertEq(domain, 0xe35bbd173ddc7d19ba48166ee6a9e045de877847ae3267563dd174b8b17a9c68, "D");
    }

    function test_HashRing_isThatOfTheVectors() public view {
        for (uint256 i = 0; i < 4; ++i) {
            RingCase memory ring = vector(i);
            assertEq(door.hashRing(ring.slot, ring.xs), ring.ringHash, "ringHash");
        }
    }

    function test_Vectors_verify() public view {
        for (uint256 i = 0; i < 4; ++i) verify(vector(i));
    }

    function test_Invalid_zeroScalarIsRefused() public {
        RingCase memory ring = invalid(0);
        uint256 member = ring.witness[0] == 0 ? 0 : 1;
        expectError(abi.encodeWithSelector(Lsag.ScalarOutOfRange.selector, member));
        verify(ring);
    }

    function test_Invalid_identityIsRefused() public view {
        RingCase memory ring = invalid(1);
        // Which member is made to vanish is the vector's choice; the other one is sound.
        (bool ok, bytes memory data) = address(door).staticcall(
            abi.encodeCall(
                LsagDoor.verify,
                (Lsag.Ring(ring.domain, ring.message, ring.ringHash, ring.slot, ring.tag), ring.xs, ring.c0, ring.witness)
            )
        );
        assertTrue(!ok, "an identity L was accepted");
        assertTrue(bytes4(data) == Lsag.IdentityL.selector, "refused for another reason");
    }

    function test_Invalid_negatedTagIsRefused() public {
        RingCase memory ring = invalid(2);
        expectError(abi.encodeWithSelector(Lsag.RingOpen.selector));
        verify(ring);
    }

    function test_Invalid_scalarEqualToTheOrderIsRefused() public {
        RingCase memory ring = invalid(3);
        expectError(abi.encodeWithSelector(Lsag.ScalarOutOfRange.selector, 0));
        verify(ring);
    }

    function test_Invalid_ringInAnotherOrderIsRefused() public {
        RingCase memory ring = invalid(4);
        expectError(abi.encodeWithSelector(Lsag.RingOpen.selector));
        verify(ring);
    }

    function test_Tag_withXNotBelowTheOrderIsRefused() public {
        RingCase memory ring = vector(0);
        ring.tag.x = Secp256k1.N;
        expectError(abi.encodeWithSelector(Lsag.TagOutOfRange.selector));
        verify(ring);
    }

    function test_Tag_offTheCurveIsRefused() public {
        RingCase memory ring = vector(0);
        ring.tag.y += 2;
        expectError(abi.encodeWithSelector(Lsag.TagOutOfRange.selector));
        verify(ring);
    }

    function test_C0_zeroAndTheOrderAreRefused() public {
        RingCase memory ring = vector(0);
        ring.c0 = 0;
        expectError(abi.encodeWithSelector(Lsag.ScalarOutOfRange.selector, 0));
        verify(ring);
        ring.c0 = Secp256k1.N;
        expectError(abi.encodeWithSelector(Lsag.ScalarOutOfRange.selector, 0));
        verify(ring);
    }

    function test_AnotherMessage_opensTheRing() public {
        RingCase memory ring = vector(0);
        ring.message ^= bytes32(uint256(1));
        expectError(abi.encodeWithSelector(Lsag.BadMultiple.selector, 1));
        verify(ring); // c_1 differs, so the given c_1·I is not it
    }

    function test_AnotherTag_isRefused() public {
        RingCase memory ring = vector(0);
        ring.tag = vector(1).tag;
        expectError(abi.encodeWithSelector(Lsag.BadMultiple.selector, 0));
        verify(ring);
    }

    function test_WrongMultiples_areRefused() public {
        for (uint256 place = 1; place <= 4; ++place) {
            RingCase memory ring = vector(2);
            ring.witness[offsetOf(ring, 7) + place] ^= 1;
            expectError(abi.encodeWithSelector(Lsag.BadMultiple.selector, 7));
            verify(ring);
        }
    }

    function test_Slope_thatIsNotTheChordsIsRefused() public {
        RingCase memory ring = vector(0);
        ring.witness[5] ^= 1;
        expectError(abi.encodeWithSelector(Lsag.BadSum.selector, 0));
        verify(ring);
    }

    function test_Slope_notCanonicalIsRefused() public {
        RingCase memory ring = vector(0);
        ring.witness[5] = type(uint256).max;
        expectError(abi.encodeWithSelector(Lsag.BadSum.selector, 0));
        verify(ring);
    }

    function test_Add_refusesEqualX() public view {
        Point memory point = vector(0).tag;
        // A + A and A - A: 0 = 0 would accept any slope.
        (bool ok,,) = Secp256k1.add(point.x, point.y, point.x, point.y, 5);
        assertTrue(!ok, "a doubling was accepted");
        (ok,,) = Secp256k1.add(point.x, point.y, point.x, Secp256k1.P - point.y, 0);
        assertTrue(!ok, "the identity was accepted");
    }

    function test_Roots_thatProveNothingAreRefused() public {
        RingCase memory ring = vector(0);
        ring.witness[6] ^= 1;
        expectError(abi.encodeWithSelector(Lsag.BadTagBaseRoot.selector, 0, 0));
        verify(ring);
    }

    function test_Roots_oddAcceptedRootIsRefused() public {
        RingCase memory ring = vector(0);
        uint256 last = ring.lengths[0] - 1;
        ring.witness[last] = Secp256k1.P - ring.witness[last];
        expectError(abi.encodeWithSelector(Lsag.BadTagBaseRoot.selector, 0, ring.lengths[0] - 7));
        verify(ring);
    }

    function test_Roots_notCanonicalIsRefused() public {
        RingCase memory ring = vector(0);
        ring.witness[6] = Secp256k1.P;
        expectError(abi.encodeWithSelector(Lsag.BadTagBaseRoot.selector, 0, 0));
        verify(ring);
    }

    function test_Witness_tooShortOrTooLongIsRefused() public {
        RingCase memory ring = vector(0);
        uint256[] memory witness = ring.witness;
        ring.witness = resized(witness, witness.length - 1);
        expectError(abi.encodeWithSelector(Lsag.WitnessLength.selector));
        verify(ring);
        ring.witness = resized(witness, 5);
        expectError(abi.encodeWithSelector(Lsag.WitnessLength.selector));
        verify(ring);
        ring.witness = resized(witness, witness.length + 1);
        expectError(abi.encodeWithSelector(Lsag.WitnessLength.selector));
        verify(ring);
    }

    /// @dev Whatever single word of the witness is changed, the signature is refused.
    function testFuzz_AnyChangedWord_isRefused(uint256 seed, uint256 mask) public view {
        RingCase memory ring = vector(1);
        vm.assume(mask != 0);
        uint256 place = seed % ring.witness.length;
        ring.witness[place] ^= mask;
        (bool ok,) = address(door).staticcall(
            abi.encodeCall(
                LsagDoor.verify,
                (Lsag.Ring(ring.domain, ring.message, ring.ringHash, ring.slot, ring.tag), ring.xs, ring.c0, ring.witness)
            )
        );
        // A refused counter's root may be either of the two.
        RingCase memory sound = vector(1);
        bool otherRoot = ring.witness[place] == Secp256k1.P - sound.witness[place];
        assertTrue(!ok || otherRoot, "a changed witness was accepted");
    }

    function resized(uint256[] memory words, uint256 length) private pure returns (uint256[] memory out) {
        out = new uint256[](length);
        for (uint256 i = 0; i < length && i < words.length; ++i) out[i] = words[i];
    }
}
