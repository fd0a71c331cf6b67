// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IMembers} from "../interfaces/IMembers.sol";
import {IOwners} from "../interfaces/IOwners.sol";
import {OwnerApprovals} from "./OwnerApprovals.sol";
import {P256} from "./P256.sol";

/// @title Bonded members, admitted by the owners
/// @notice Promises, units and errors are at IMembers.
abstract contract Members is IMembers, OwnerApprovals {
    address public immutable chainRegistry;
    uint256 public immutable bondNeeded;
    /// @dev A member's wrongdoing can come to light after it has left.
    uint64 private constant WITHDRAW_AFTER_SECONDS = 7 days;

    mapping(address account => Member) private byAccount;
    mapping(bytes32 nameHash => bool) private names;
    mapping(address messageKey => bool) private messageKeys;
    address[] private accounts;

    constructor(address chainRegistry_, uint256 bondNeeded_) {
        if (chainRegistry_ == address(0)) revert BadField("chainRegistry");
        chainRegistry = chainRegistry_;
        bondNeeded = bondNeeded_;
    }

    modifier onlyActive() {
        if (!isActive(msg.sender)) revert NotActive(msg.sender);
        _;
    }

    /// @inheritdoc IMembers
    function admit(string calldata name, address account, address messageKey, bytes calldata hpkeKey)
        external
        byOwners
    {
        if (bytes(name).length == 0) revert BadField("name");
        if (account == address(0)) revert BadField("account");
        if (messageKey == address(0)) revert BadField("messageKey");
        if (!P256.isUncompressedPoint(hpkeKey)) revert BadField("hpkeKey");
        if (names[keccak256(bytes(name))] || byAccount[account].account != address(0)) revert KnownMember(name);
        // With one key under two names one operator could act as two.
        if (messageKeys[messageKey]) revert KnownMessageKey(messageKey);
        messageKeys[messageKey] = true;
        names[keccak256(bytes(name))] = true;
        byAccount[account] = Member(name, account, messageKey, hpkeKey, 0, false, 0);
        accounts.push(account);
        emit MemberAdmitted(account, name, messageKey, hpkeKey);
    }

    /// @inheritdoc IMembers
    function bond(address account) external payable {
        Member storage member = _knownMember(account);
        if (member.retired) revert NotActive(account);
        member.bond += msg.value;
        emit BondPaid(account, msg.value, member.bond);
    }

    /// @inheritdoc IMembers
    function retire(address account) external byOwners {
        Member storage member = _knownMember(account);
        if (member.retired) return;
        member.retired = true;
        member.withdrawableAt = uint64(block.timestamp) + WITHDRAW_AFTER_SECONDS;
        emit MemberRetired(account);
    }

    /// @inheritdoc IMembers
    function withdraw(address account) external {
        Member storage member = _knownMember(account);
        if (!member.retired) revert NotRetired(account);
        if (block.timestamp < member.withdrawableAt) revert BondHeld(member.withdrawableAt);
        uint256 amount = member.bond;
        member.bond = 0; // before the call: the account may be a contract that calls this again
        (bool ok,) = account.call{value: amount}("");
        if (!ok) revert TransferFailed();
        emit BondWithdrawn(account, amount);
    }

    /// @inheritdoc IMembers
    function isActive(address account) public view returns (bool) {
        Member storage member = byAccount[account];
        return member.account != address(0) && !member.retired && member.bond >= bondNeeded;
    }

    /// @inheritdoc IMembers
    function memberOf(address account) external view returns (Member memory) {
        return _knownMember(account);
    }

    /// @inheritdoc IMembers
    function members() external view returns (Member[] memory list) {
        list = new Member[](accounts.length);
        for (uint256 i = 0; i < list.length; ++i) list[i] = byAccount[accounts[i]];
    }

    function _owners() internal view override returns (IOwners) {
        return IOwners(chainRegistry);
    }

    function _knownMember(address account) private view returns (Member storage member) {
        member = byAccount[account];
        if (member.account == address(0)) revert UnknownMember(account);
    }
}
