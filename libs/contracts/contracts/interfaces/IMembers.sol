// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Bonded role nodes: storemen or vouchers
/// @notice Owners admit an operator with its keys; it is active once its bond is paid. The sender of its transactions is
/// its gas account; what it says on the bus is signed by its message key.
interface IMembers {
    /// @param name the operator's name in datagrams, such as "storeman-1"
    /// @param account gas account on the hub
    /// @param messageKey address of the key that signs its datagrams, partials and answers
    /// @param hpkeKey uncompressed P-256 point, 65 bytes
    /// @param bond wei held here
    /// @param retired whether the owners let it go
    /// @param withdrawableAt timestamp in seconds from which a retired member's bond can be withdrawn, a week after it was let
    /// go; 0 before
    struct Member {
        string name;
        address account;
        address messageKey;
        bytes hpkeKey;
        uint256 bond;
        bool retired;
        uint64 withdrawableAt;
    }

    event MemberAdmitted(address indexed account, string name, address messageKey, bytes hpkeKey);
    event BondPaid(address indexed account, uint256 amount, uint256 bond);
    event MemberRetired(address indexed account);
    event BondWithdrawn(address indexed account, uint256 amount);

    /// @notice The named field is missing or wrong.
    error BadField(string field);
    error KnownMember(string name);
    /// @notice Another member, maybe a retired one, has this message key.
    error KnownMessageKey(address messageKey);
    error UnknownMember(address account);
    /// @notice Not admitted, retired, or its bond is short.
    error NotActive(address account);
    error NotRetired(address account);
    /// @notice The bond is held until this timestamp, in seconds.
    error BondHeld(uint64 until);
    error TransferFailed();

    /// @notice Admits an operator. By e of f owners.
    function admit(string calldata name, address account, address messageKey, bytes calldata hpkeKey) external;

    /// @notice Pays towards a member's bond; anyone may.
    function bond(address account) external payable;

    /// @notice Lets an operator go; once more does nothing. By e of f owners.
    function retire(address account) external;

    /// @notice Pays a retired member's bond out to its account, a week after it was let go.
    function withdraw(address account) external;

    function bondNeeded() external view returns (uint256);
    /// @notice Admitted, bonded in full, not retired.
    function isActive(address account) external view returns (bool);
    /// @notice Reverts for an unknown account.
    function memberOf(address account) external view returns (Member memory);
    /// @notice All members in the order of admission.
    function members() external view returns (Member[] memory);
    function chainRegistry() external view returns (address);
}
