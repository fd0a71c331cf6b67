// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Point, Secp256k1} from "./Secp256k1.sol";

/// @notice A patient's consent to one transfer: the fields of EIP-712 type `Grant` in order, each compressed point given
/// as words. Times are seconds since 1970.
struct GrantData {
    bytes32 nonce;
    address lockedAccount;
    bytes32 destinationUid;
    address mappedDeeds;
    uint8 slot;
    Point tag;
    Point recipientKey;
    Point ephemeralKey;
    bytes1 viewTag;
    address revoker;
    bytes32 termsHash;
    bytes32 sealedKeyHash;
    uint64 lockBefore;
    uint64 mintBefore;
    uint64 notAfter;
}

/// @title Typed messages of protocol section 12 that contracts read
/// @notice Domain {CPDS, 1, salt}; the salt is the uid of a chain.
library GrantLib {
    /// @notice A point of the grant is not a canonical point of the curve. A y of the right parity but off the curve
    /// would hash to the same grant and leave a mapped deed without an owner.
    /// @param field tag, recipientKey or ephemeralKey
    error PointOffCurve(string field);

    bytes32 internal constant DOMAIN_TYPEHASH = keccak256("EIP712Domain(string name,string version,bytes32 salt)");
    bytes32 internal constant GRANT_TYPEHASH = keccak256(
        "Grant(bytes32 nonce,address lockedAccount,bytes32 destinationUid,address mappedDeeds,uint8 slot,bytes tag,bytes recipientKey,bytes ephemeralKey,bytes1 viewTag,address revoker,bytes32 termsHash,bytes32 sealedKeyHash,uint64 lockBefore,uint64 mintBefore,uint64 notAfter)"
    );
    bytes32 internal constant REVOKE_TYPEHASH = keccak256("Revoke(bytes32 grantId)");
    bytes32 internal constant GIVE_BACK_TYPEHASH = keccak256("GiveBack(bytes32 grantId)");
    bytes32 internal constant NOT_MAPPED_TYPEHASH = keccak256("NotMapped(address lockedAccount,bytes32 grantId)");
    bytes32 internal constant MINT_TYPEHASH = keccak256("Mint(address mappedDeeds,bytes32 grantId)");

    /// @notice Domain separator under a chain's uid.
    function domain(bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, keccak256("CPDS"), keccak256("1"), salt));
    }

    /// @notice grantId: the digest of the grant under its home chain's uid. Reverts when a point is off the curve.
    function id(GrantData calldata grant, bytes32 homeUid) internal pure returns (bytes32) {
        // Two halves: one abi.encode of sixteen words is too deep for the stack.
        bytes memory head = abi.encode(
            GRANT_TYPEHASH,
            grant.nonce,
            grant.lockedAccount,
            grant.destinationUid,
            grant.mappedDeeds,
            grant.slot,
            _compressedHash(grant.tag, "tag"),
            _compressedHash(grant.recipientKey, "recipientKey"),
            _compressedHash(grant.ephemeralKey, "ephemeralKey")
        );
        bytes memory tail = abi.encode(
            grant.viewTag,
            grant.revoker,
            grant.termsHash,
            grant.sealedKeyHash,
            grant.lockBefore,
            grant.mintBefore,
            grant.notAfter
        );
        return digest(homeUid, keccak256(bytes.concat(head, tail)));
    }

    /// @notice What the revoker signs; salt: home chain.
    function revokeDigest(bytes32 homeUid, bytes32 grantId) internal pure returns (bytes32) {
        return digest(homeUid, keccak256(abi.encode(REVOKE_TYPEHASH, grantId)));
    }

    /// @notice What q signs; salt: home chain.
    function giveBackDigest(bytes32 homeUid, bytes32 grantId) internal pure returns (bytes32) {
        return digest(homeUid, keccak256(abi.encode(GIVE_BACK_TYPEHASH, grantId)));
    }

    /// @notice What the group signs for a refund; salt: home chain.
    function notMappedDigest(bytes32 homeUid, address lockedAccount, bytes32 grantId) internal pure returns (bytes32) {
        return digest(homeUid, keccak256(abi.encode(NOT_MAPPED_TYPEHASH, lockedAccount, grantId)));
    }

    /// @notice What the group signs for a mint; salt: destination chain.
    function mintDigest(bytes32 destinationUid, address mappedDeeds, bytes32 grantId) internal pure returns (bytes32) {
        return digest(destinationUid, keccak256(abi.encode(MINT_TYPEHASH, mappedDeeds, grantId)));
    }

    /// @notice EIP-712 digest of a struct hash.
    function digest(bytes32 salt, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain(salt), structHash));
    }

    /// @notice addr(Q): owner of the mapped deed, signer of give-backs.
    function recipient(GrantData calldata grant) internal pure returns (address) {
        return Secp256k1.toAddress(grant.recipientKey.x, grant.recipientKey.y);
    }

    function _compressedHash(Point calldata point, string memory field) private pure returns (bytes32) {
        if (!Secp256k1.isOnCurve(point.x, point.y)) revert PointOffCurve(field);
        return Secp256k1.compressedHash(point.x, point.y);
    }
}
