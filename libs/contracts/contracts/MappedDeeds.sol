// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC5564Announcer} from "./interfaces/IERC5564Announcer.sol";
import {IMappedDeeds} from "./interfaces/IMappedDeeds.sol";
import {Closer, Closing} from "./lib/Closing.sol";
import {Frost} from "./lib/Frost.sol";
import {GrantData, GrantLib} from "./lib/GrantLib.sol";
import {Point, Secp256k1} from "./lib/Secp256k1.sol";

/// @title Grants mapped on their destination chain
/// @notice Promises, units and errors are at IMappedDeeds.
contract MappedDeeds is IMappedDeeds, Closing {
    /// @dev ERC-5564 scheme: secp256k1 with view tags.
    uint256 private constant SCHEME_ID = 1;

    bytes32 public immutable chainUid;
    bytes32 public immutable keyId;
    address public immutable announcer;
    uint256 private immutable keyX;
    uint256 private immutable keyY;

    /// @dev One word each.
    mapping(bytes32 grantId => Mapping) private mappings;

    constructor(bytes32 chainUid_, bytes32 keyId_, Point memory key, address announcer_) {
        if (chainUid_ == 0 || keyId_ == 0 || announcer_ == address(0)) revert BadArgument();
        if (key.x >= Secp256k1.N || !Secp256k1.isOnCurve(key.x, key.y)) revert BadArgument();
        chainUid = chainUid_;
        keyId = keyId_;
        keyX = key.x;
        keyY = key.y;
        announcer = announcer_;
    }

    /// @inheritdoc IMappedDeeds
    function mint(bytes32 homeUid, GrantData calldata grant, uint256 rx, uint256 ry, uint256 z) external {
        bytes32 grantId = _idHere(homeUid, grant);
        // NotMapped is signed only after a final block with timestamp >= mintBefore: this line excludes mint after refund.
        _requireInTime(grant);
        if (grant.notAfter <= grant.mintBefore) revert BadValidity(grant.mintBefore, grant.notAfter);
        if (mappings[grantId].status != Status.None) revert NotFree(grantId, mappings[grantId].status);
        bytes32 digest = GrantLib.mintDigest(chainUid, address(this), grantId);
        if (!Frost.isValid(Point(keyX, keyY), digest, rx, ry, z)) revert BadGroupSignature();

        address owner = GrantLib.recipient(grant);
        mappings[grantId] = Mapping(Status.Mapped, Reason.None, grant.notAfter, owner);
        emit Mapped(grantId, homeUid, owner, grant);
        IERC5564Announcer(announcer).announce(
            SCHEME_ID,
            owner,
            abi.encodePacked(uint8(2 + (grant.ephemeralKey.y & 1)), grant.ephemeralKey.x),
            // view tag first, then as ERC-5564 suggests for tokens: selector, contract, id
            abi.encodePacked(grant.viewTag, this.mint.selector, address(this), grantId)
        );
    }

    /// @inheritdoc IMappedDeeds
    function revoke(bytes32 homeUid, GrantData calldata grant, bytes calldata signature) external {
        _revoke(homeUid, _idHere(homeUid, grant), grant, signature);
    }

    /// @inheritdoc IMappedDeeds
    function giveBack(bytes32 homeUid, GrantData calldata grant, bytes calldata signature) external {
        _giveBack(homeUid, _idHere(homeUid, grant), grant, signature);
    }

    /// @inheritdoc IMappedDeeds
    function mappingOf(bytes32 grantId) external view returns (Mapping memory) {
        return mappings[grantId];
    }

    /// @inheritdoc IMappedDeeds
    function groupKey() external view returns (uint256 x, uint256 y) {
        return (keyX, keyY);
    }

    function _idHere(bytes32 homeUid, GrantData calldata grant) private view returns (bytes32) {
        if (grant.mappedDeeds != address(this)) revert OtherMappedDeeds(grant.mappedDeeds);
        if (grant.destinationUid != chainUid) revert OtherDestination(grant.destinationUid);
        return GrantLib.id(grant, homeUid);
    }

    function _isFree(bytes32 grantId) internal view override returns (bool) {
        return mappings[grantId].status == Status.None;
    }

    function _isOpen(bytes32 grantId) internal view override returns (bool) {
        return mappings[grantId].status == Status.Mapped;
    }

    function _requireNotFree(bytes32 grantId) internal view override {
        if (_isFree(grantId)) revert NotMapped(grantId);
    }

    function _requireInTime(GrantData calldata grant) internal view override {
        if (block.timestamp >= grant.mintBefore) revert MintTooLate(grant.mintBefore, block.timestamp);
    }

    function _close(bytes32 grantId, Closer closer) internal override {
        Reason reason = closer == Closer.Revoker ? Reason.Revoked : Reason.GivenBack;
        mappings[grantId].status = Status.Closed;
        mappings[grantId].reason = reason;
        emit MappingClosed(grantId, reason);
    }

    function _void(bytes32 grantId) internal override {
        mappings[grantId].status = Status.Void;
        emit MappingVoided(grantId);
    }
}
