// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDeedRegistry} from "./interfaces/IDeedRegistry.sol";
import {ILockedAccount} from "./interfaces/ILockedAccount.sol";
import {Closer, Closing} from "./lib/Closing.sol";
import {Frost} from "./lib/Frost.sol";
import {GrantData, GrantLib} from "./lib/GrantLib.sol";
import {Lsag} from "./lib/Lsag.sol";
import {Point, Secp256k1} from "./lib/Secp256k1.sol";

/// @title Grants locked on their home chain
/// @notice Promises, units and errors are at ILockedAccount.
contract LockedAccount is ILockedAccount, Closing {
    bytes32 public immutable chainUid;
    address public immutable deedRegistry;
    bytes32 public immutable keyId;
    uint64 public immutable minWindow;
    uint256 private immutable keyX;
    uint256 private immutable keyY;
    bytes32 private immutable tagDomain;

    /// @dev One word each.
    mapping(bytes32 grantId => Lock) private locks;
    mapping(bytes32 tagHash => bytes32) public grantOfTag;

    constructor(bytes32 chainUid_, address deedRegistry_, bytes32 keyId_, Point memory key, uint64 minWindow_) {
        if (chainUid_ == 0 || deedRegistry_ == address(0) || keyId_ == 0 || minWindow_ == 0) revert BadArgument();
        if (key.x >= Secp256k1.N || !Secp256k1.isOnCurve(key.x, key.y)) revert BadArgument();
        chainUid = chainUid_;
        deedRegistry = deedRegistry_;
        keyId = keyId_;
        keyX = key.x;
        keyY = key.y;
        minWindow = minWindow_;
        tagDomain = Lsag.tagDomain(chainUid_, address(this));
    }

    /// @inheritdoc ILockedAccount
    function lock(
        GrantData calldata grant,
        uint256 cohort,
        bytes32 commitmentsHash,
        uint256[] calldata xs,
        uint256 c0,
        uint256[] calldata witness
    ) external {
        bytes32 grantId = _idHere(grant);
        if (grant.sealedKeyHash == 0) revert ZeroSealedKeyHash();
        if (grant.revoker == address(0)) revert ZeroRevoker();
        _requireInTime(grant);
        if (grant.mintBefore < block.timestamp + minWindow) {
            revert MintWindowTooShort(grant.mintBefore, block.timestamp + minWindow);
        }
        if (grant.notAfter <= grant.mintBefore) revert BadValidity(grant.mintBefore, grant.notAfter);
        if (locks[grantId].status != Status.None) revert NotFree(grantId, locks[grantId].status);
        bytes32 tagHash = Secp256k1.compressedHash(grant.tag.x, grant.tag.y);
        if (grantOfTag[tagHash] != 0) revert TagUsed(grantOfTag[tagHash]);

        bytes32 word = keccak256(abi.encodePacked(keccak256(abi.encodePacked(xs)), commitmentsHash));
        // An unknown cohort's hash is 0, which no word equals.
        if (IDeedRegistry(deedRegistry).cohortHash(cohort) != word) revert UnknownCohort(cohort);
        bytes32 ringHash = Lsag.hashRing(grant.slot, xs);
        // I is the grant's tag itself: a signature with another I cannot even be submitted.
        Lsag.verify(Lsag.Ring(tagDomain, grantId, ringHash, grant.slot, grant.tag), xs, c0, witness);

        grantOfTag[tagHash] = grantId;
        locks[grantId] = Lock(Status.Locked, Reason.None, grant.notAfter, uint64(block.number));
        emit Locked(grantId, cohort, ringHash, grant);
    }

    /// @inheritdoc ILockedAccount
    function refund(bytes32 grantId, uint256 rx, uint256 ry, uint256 z) external {
        _requireNotFree(grantId);
        if (!_isOpen(grantId)) return;
        bytes32 digest = GrantLib.notMappedDigest(chainUid, address(this), grantId);
        if (!Frost.isValid(Point(keyX, keyY), digest, rx, ry, z)) revert BadGroupSignature();
        _close(grantId, Reason.Refunded);
    }

    /// @inheritdoc ILockedAccount
    function revoke(GrantData calldata grant, bytes calldata signature) external {
        _revoke(chainUid, _idHere(grant), grant, signature);
    }

    /// @inheritdoc ILockedAccount
    function giveBack(GrantData calldata grant, bytes calldata signature) external {
        _giveBack(chainUid, _idHere(grant), grant, signature);
    }

    /// @inheritdoc ILockedAccount
    function lockOf(bytes32 grantId) external view returns (Lock memory) {
        return locks[grantId];
    }

    /// @inheritdoc ILockedAccount
    function groupKey() external view returns (uint256 x, uint256 y) {
        return (keyX, keyY);
    }

    /// @inheritdoc ILockedAccount
    function idOf(GrantData calldata grant) external view returns (bytes32) {
        return GrantLib.id(grant, chainUid);
    }

    function _idHere(GrantData calldata grant) private view returns (bytes32) {
        if (grant.lockedAccount != address(this)) revert OtherLockedAccount(grant.lockedAccount);
        return GrantLib.id(grant, chainUid);
    }

    function _isFree(bytes32 grantId) internal view override returns (bool) {
        return locks[grantId].status == Status.None;
    }

    function _isOpen(bytes32 grantId) internal view override returns (bool) {
        return locks[grantId].status == Status.Locked;
    }

    function _requireNotFree(bytes32 grantId) internal view override {
        if (_isFree(grantId)) revert NotLocked(grantId);
    }

    function _requireInTime(GrantData calldata grant) internal view override {
        if (block.timestamp >= grant.lockBefore) revert LockTooLate(grant.lockBefore, block.timestamp);
    }

    function _close(bytes32 grantId, Closer closer) internal override {
        _close(grantId, closer == Closer.Revoker ? Reason.Revoked : Reason.GivenBack);
    }

    function _close(bytes32 grantId, Reason reason) private {
        locks[grantId].status = Status.Closed;
        locks[grantId].reason = reason;
        emit LockClosed(grantId, reason);
    }

    function _void(bytes32 grantId) internal override {
        locks[grantId].status = Status.Void;
        emit LockVoided(grantId);
    }
}
