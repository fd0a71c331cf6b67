// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {GrantData} from "../../contracts/lib/GrantLib.sol";
import {Point} from "../../contracts/lib/Secp256k1.sol";
import {Test} from "./Test.sol";

/// @dev Reads test/fixtures/fixtures.json, made by scripts/fixtures.mjs.
abstract contract Fixtures is Test {
    struct RingCase {
        bytes32 domain;
        bytes32 message;
        uint8 slot;
        uint256[] xs;
        Point tag;
        bytes32 ringHash;
        uint256 c0;
        uint256[] witness;
        uint256[] lengths;
    }

    struct GroupSignature {
        uint256 rx;
        uint256 ry;
        uint256 z;
    }

    string internal file;

    constructor() {
        file = vm.readFile("test/fixtures/fixtures.json");
    }

    function uintAt(string memory key) internal view returns (uint256) {
        return vm.parseJsonUint(file, key);
    }

    function wordAt(string memory key) internal view returns (bytes32) {
        return vm.parseJsonBytes32(file, key);
    }

    function addressAt(string memory key) internal view returns (address) {
        return vm.parseJsonAddress(file, key);
    }

    function bytesAt(string memory key) internal view returns (bytes memory) {
        return vm.parseJsonBytes(file, key);
    }

    function wordsAt(string memory key) internal view returns (uint256[] memory) {
        return vm.parseJsonUintArray(file, key);
    }

    function pointAt(string memory key) internal view returns (Point memory) {
        return Point(uintAt(string.concat(key, ".x")), uintAt(string.concat(key, ".y")));
    }

    function ringCaseAt(string memory key) internal view returns (RingCase memory) {
        return RingCase({
            domain: wordAt(string.concat(key, ".domain")),
            message: wordAt(string.concat(key, ".message")),
            slot: uint8(uintAt(string.concat(key, ".slot"))),
            xs: wordsAt(string.concat(key, ".xs")),
            tag: Point(uintAt(string.concat(key, ".tagX")), uintAt(string.concat(key, ".tagY"))),
            ringHash: wordAt(string.concat(key, ".ringHash")),
            c0: uintAt(string.concat(key, ".c0")),
            witness: wordsAt(string.concat(key, ".witness")),
            lengths: wordsAt(string.concat(key, ".lengths"))
        });
    }

    function groupSignatureAt(string memory key) internal view returns (GroupSignature memory) {
        return GroupSignature(
            uintAt(string.concat(key, ".rx")), uintAt(string.concat(key, ".ry")), uintAt(string.concat(key, ".z"))
        );
    }

    function grantAt(string memory key) internal view returns (GrantData memory grant) {
        grant.nonce = wordAt(string.concat(key, ".nonce"));
        grant.lockedAccount = addressAt(string.concat(key, ".lockedAccount"));
        grant.destinationUid = wordAt(string.concat(key, ".destinationUid"));
        grant.mappedDeeds = addressAt(string.concat(key, ".mappedDeeds"));
        grant.slot = uint8(uintAt(string.concat(key, ".slot")));
        grant.tag = pointAt(string.concat(key, ".tag"));
        grant.recipientKey = pointAt(string.concat(key, ".recipientKey"));
        grant.ephemeralKey = pointAt(string.concat(key, ".ephemeralKey"));
        grant.viewTag = bytes1(bytesAt(string.concat(key, ".viewTag")));
        grant.revoker = addressAt(string.concat(key, ".revoker"));
        grant.termsHash = wordAt(string.concat(key, ".termsHash"));
        grant.sealedKeyHash = wordAt(string.concat(key, ".sealedKeyHash"));
        grant.lockBefore = uint64(uintAt(string.concat(key, ".lockBefore")));
        grant.mintBefore = uint64(uintAt(string.concat(key, ".mintBefore")));
        grant.notAfter = uint64(uintAt(string.concat(key, ".notAfter")));
    }

    function cohortAt(string memory key)
        internal
        view
        returns (uint256[16] memory xs, uint256[16] memory ys, bytes32[16] memory commitments)
    {
        uint256[] memory xList = wordsAt(string.concat(key, ".xs"));
        uint256[] memory yList = wordsAt(string.concat(key, ".ys"));
        bytes32[] memory commitmentList = vm.parseJsonBytes32Array(file, string.concat(key, ".commitments"));
        for (uint256 i = 0; i < 16; ++i) {
            (xs[i], ys[i], commitments[i]) = (xList[i], yList[i], commitmentList[i]);
        }
    }
}
