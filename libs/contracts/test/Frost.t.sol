// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Frost} from "../contracts/lib/Frost.sol";
import {Point, Secp256k1} from "../contracts/lib/Secp256k1.sol";
import {Fixtures} from "./support/Fixtures.sol";

contract FrostTest is Fixtures {
    Point private key;
    bytes32 private digest;
    GroupSignature private signature;

    constructor() {
        key = pointAt(".transfer.key");
        digest = wordAt(".transfer.mintDigest");
        signature = groupSignatureAt(".transfer.mint");
    }

    function valid(Point memory key_, bytes32 digest_, uint256 rx, uint256 ry, uint256 z) private pure returns (bool) {
        return Frost.isValid(key_, digest_, rx, ry, z);
    }

    function test_Signature_ofThreeOfFiveVerifies() public view {
        assertTrue(valid(key, digest, signature.rx, signature.ry, signature.z), "valid signature refused");
        GroupSignature memory other = groupSignatureAt(".transfer.notMapped");
        assertTrue(valid(key, wordAt(".transfer.notMappedDigest"), other.rx, other.ry, other.z), "valid signature refused");
    }

    function test_Signature_overAnotherDigestIsRefused() public view {
        assertTrue(!valid(key, digest ^ bytes32(uint256(1)), signature.rx, signature.ry, signature.z), "accepted");
    }

    function test_Signature_ofAnotherKeyIsRefused() public view {
        assertTrue(!valid(pointAt(".transfer.grant.tag"), digest, signature.rx, signature.ry, signature.z), "accepted");
    }

    function test_Signature_withNegatedRIsRefused() public view {
        assertTrue(!valid(key, digest, signature.rx, Secp256k1.P - signature.ry, signature.z), "accepted");
    }

    function test_Signature_withROffTheCurveIsRefused() public view {
        assertTrue(!valid(key, digest, signature.rx, signature.ry + 2, signature.z), "accepted");
    }

    function test_Scalar_outOfRangeIsRefused() public view {
        assertTrue(!valid(key, digest, signature.rx, signature.ry, 0), "z = 0 accepted");
        assertTrue(!valid(key, digest, signature.rx, signature.ry, Secp256k1.N), "z = n accepted");
        unchecked {
            uint256 wrapped = signature.z + Secp256k1.N;
            if (wrapped > signature.z) assertTrue(!valid(key, digest, signature.rx, signature.ry, wrapped), "z + n accepted");
        }
    }

    function testFuzz_AnyOtherScalar_isRefused(uint256 z) public view {
        vm.assume(z != signature.z);
        assertTrue(!valid(key, digest, signature.rx, signature.ry, z), "accepted");
    }
}
