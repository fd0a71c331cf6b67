// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Grants that their revoker or recipient may end before their time
/// @notice Authority lies in the signature, never in the sender; a second submission of a closing does nothing.
interface IClosing {
    /// @notice The statement is not signed by the grant's revoker or recipient.
    error BadSignature(address expected);
}
