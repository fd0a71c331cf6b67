// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IClosing} from "../interfaces/IClosing.sol";
import {GrantData, GrantLib} from "./GrantLib.sol";
import {Secp256k1} from "./Secp256k1.sol";

/// @notice Whose signature ends a grant.
enum Closer {
    Revoker,
    Recipient
}

/// @title The closing of grants, on their home chain and on their destination chain alike
/// @notice Free -> open -> closed, or free -> void. The contract that inherits says what is open on its chain, until when a
/// grant may open there, and how each step is stored and told.
abstract contract Closing is IClosing {
    /// @dev Ends an open grant by its revoker, or voids a free one while it could still open.
    /// @param homeUid uid of the grant's home chain, under which the statement is signed
    function _revoke(bytes32 homeUid, bytes32 grantId, GrantData calldata grant, bytes calldata signature) internal {
        _requireSigner(grant.revoker, GrantLib.revokeDigest(homeUid, grantId), signature);
        if (_isOpen(grantId)) {
            _close(grantId, Closer.Revoker);
        } else if (_isFree(grantId)) {
            // A tombstone costs storage for ever, so it is only written while it can still prevent something.
            _requireInTime(grant);
            _void(grantId);
        }
    }

    /// @dev Ends an open grant by its recipient q.
    /// @param homeUid uid of the grant's home chain, under which the statement is signed
    function _giveBack(bytes32 homeUid, bytes32 grantId, GrantData calldata grant, bytes calldata signature) internal {
        _requireSigner(GrantLib.recipient(grant), GrantLib.giveBackDigest(homeUid, grantId), signature);
        _requireNotFree(grantId);
        if (_isOpen(grantId)) _close(grantId, Closer.Recipient);
    }

    /// @dev Whether nothing was ever written of the grant here.
    function _isFree(bytes32 grantId) internal view virtual returns (bool);

    /// @dev Whether there is something to close. Expiry closes nothing: readers compare times themselves.
    function _isOpen(bytes32 grantId) internal view virtual returns (bool);

    /// @dev Reverts for a free grant, with the error of this chain's side.
    function _requireNotFree(bytes32 grantId) internal view virtual;

    /// @dev Reverts once the grant cannot open here any more.
    function _requireInTime(GrantData calldata grant) internal view virtual;

    /// @dev Stores and tells that an open grant is closed.
    function _close(bytes32 grantId, Closer closer) internal virtual;

    /// @dev Stores and tells that a free grant never opens.
    function _void(bytes32 grantId) internal virtual;

    function _requireSigner(address expected, bytes32 digest, bytes calldata signature) private pure {
        address signer = Secp256k1.recover(digest, signature);
        // A zero revoker would be "signed" by every malformed signature.
        if (signer == address(0) || signer != expected) revert BadSignature(expected);
    }
}
