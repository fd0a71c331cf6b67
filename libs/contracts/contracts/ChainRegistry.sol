// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChainRegistry} from "./interfaces/IChainRegistry.sol";
import {IOwners} from "./interfaces/IOwners.sol";
import {OwnerApprovals} from "./lib/OwnerApprovals.sol";
import {P256} from "./lib/P256.sol";

/// @title The consortium's chains, hospitals and owners
/// @notice Promises, units and errors are at IChainRegistry.
contract ChainRegistry is IChainRegistry, IOwners, OwnerApprovals {
    /// @inheritdoc IOwners
    uint256 public immutable approvalsNeeded;
    /// @inheritdoc IOwners
    mapping(address account => uint256) public ownerIndex;
    address[] private owners;

    mapping(bytes32 chainUid => Chain) private chains;
    mapping(bytes32 chainUid => BaseContracts) private bases;
    mapping(bytes32 chainUid => TransferContracts[]) private transferSets;
    mapping(bytes32 chainUid => mapping(address => bool)) public isLockedAccount;
    mapping(bytes32 chainUid => bool) private pausedByAdmin;
    mapping(bytes32 chainUid => bool) private pausedByOwners;
    /// @inheritdoc IChainRegistry
    mapping(bytes32 chainUid => uint256) public pauseRound;
    mapping(bytes32 nameHash => bytes32) private uids;
    bytes32[] private list;

    constructor(address[] memory owners_, uint256 approvalsNeeded_) {
        if (approvalsNeeded_ == 0 || approvalsNeeded_ > owners_.length) revert BadField("approvalsNeeded");
        if (owners_.length > 255) revert BadField("owners");
        for (uint256 i = 0; i < owners_.length; ++i) {
            if (owners_[i] == address(0) || ownerIndex[owners_[i]] != 0) revert BadField("owners");
            ownerIndex[owners_[i]] = i + 1;
        }
        owners = owners_;
        approvalsNeeded = approvalsNeeded_;
    }

    modifier onlyAdmin(bytes32 chainUid) {
        _requireKnown(chainUid);
        if (msg.sender != chains[chainUid].admin) revert NotAdmin(msg.sender);
        _;
    }

    /// @dev Checked at every approval, also at one that comes late.
    modifier inRound(bytes32 chainUid, uint256 round) {
        if (round != pauseRound[chainUid]) revert WrongRound(pauseRound[chainUid]);
        _;
    }

    /// @inheritdoc IChainRegistry
    function register(bytes32 chainUid, Chain calldata chain) external byOwners {
        if (chainUid == 0) revert BadField("chainUid");
        if (bytes(chains[chainUid].name).length != 0) revert KnownChain(chainUid);
        if (bytes(chain.name).length == 0) revert BadField("name");
        bytes32 nameHash = keccak256(bytes(chain.name));
        if (uids[nameHash] != 0) revert KnownName(chain.name);
        if (chain.finality == Finality.None) revert BadField("finality");
        if (chain.finality == Finality.Instant ? chain.depth != 0 : chain.depth == 0) revert BadField("depth");
        if (chain.blockSeconds == 0) revert BadField("blockSeconds");
        if (chain.maxHeadAge == 0) revert BadField("maxHeadAge");
        if (chain.w < 2 * (uint256(chain.depth) + 2) * chain.blockSeconds) revert BadField("w");
        if (chain.admin == address(0)) revert BadField("admin");
        if (chain.logAccount == address(0)) revert BadField("logAccount");
        // All three or none: the hub's entry has no hospital, so no keys and no exchange endpoint.
        bool isHospital = chain.messageKey != address(0);
        if (isHospital ? !P256.isUncompressedPoint(chain.hpkeKey) : chain.hpkeKey.length != 0) revert BadField("hpkeKey");
        if (isHospital == (bytes(chain.exchangeUrl).length == 0)) revert BadField("exchangeUrl");
        chains[chainUid] = chain;
        uids[nameHash] = chainUid;
        list.push(chainUid);
        emit ChainRegistered(chainUid, chain.name);
    }

    /// @inheritdoc IChainRegistry
    function setBaseContracts(bytes32 chainUid, BaseContracts calldata contracts) external byOwners {
        _requireKnown(chainUid);
        if (bases[chainUid].deedRegistry.account != address(0)) revert BaseContractsKnown(chainUid);
        _requireCode(contracts.deedRegistry, "deedRegistry");
        _requireCode(contracts.keyRegistry, "keyRegistry");
        _requireCode(contracts.checkpointAnchor, "checkpointAnchor");
        _requireCode(contracts.announcer, "announcer");
        _requireCode(contracts.metaAddresses, "metaAddresses");
        bases[chainUid] = contracts;
        emit BaseContractsSet(chainUid);
    }

    /// @inheritdoc IChainRegistry
    function setContracts(bytes32 chainUid, TransferContracts calldata contracts) external byOwners {
        _requireKnown(chainUid);
        _requireCode(contracts.lockedAccount, "lockedAccount");
        _requireCode(contracts.mappedDeeds, "mappedDeeds");
        if (contracts.signKeyId == 0) revert BadField("signKeyId");
        // With one key for both uses a signing session could open capsules.
        if (contracts.sealKeyId == 0 || contracts.sealKeyId == contracts.signKeyId) revert BadField("sealKeyId");
        if (isLockedAccount[chainUid][contracts.lockedAccount.account]) revert BadField("lockedAccount");
        isLockedAccount[chainUid][contracts.lockedAccount.account] = true;
        transferSets[chainUid].push(contracts);
        emit TransferContractsAdded(
            chainUid, transferSets[chainUid].length - 1, contracts.signKeyId, contracts.sealKeyId
        );
    }

    /// @inheritdoc IChainRegistry
    function setExchangeUrl(bytes32 chainUid, string calldata exchangeUrl) external onlyAdmin(chainUid) {
        if (bytes(exchangeUrl).length == 0) revert BadField("exchangeUrl");
        chains[chainUid].exchangeUrl = exchangeUrl;
        emit ExchangeUrlSet(chainUid, exchangeUrl);
    }

    /// @inheritdoc IChainRegistry
    function pause(bytes32 chainUid) external onlyAdmin(chainUid) {
        pausedByAdmin[chainUid] = true;
        emit Paused(chainUid, true);
    }

    /// @inheritdoc IChainRegistry
    function resume(bytes32 chainUid) external onlyAdmin(chainUid) {
        pausedByAdmin[chainUid] = false;
        emit Paused(chainUid, isPaused(chainUid));
    }

    /// @inheritdoc IChainRegistry
    function pauseByOwners(bytes32 chainUid, uint256 round) external inRound(chainUid, round) byOwners {
        _requireKnown(chainUid);
        ++pauseRound[chainUid];
        pausedByOwners[chainUid] = true;
        emit Paused(chainUid, true);
    }

    /// @inheritdoc IChainRegistry
    function resumeByOwners(bytes32 chainUid, uint256 round) external inRound(chainUid, round) byOwners {
        _requireKnown(chainUid);
        ++pauseRound[chainUid];
        pausedByOwners[chainUid] = false;
        emit Paused(chainUid, isPaused(chainUid));
    }

    /// @inheritdoc IChainRegistry
    function isPaused(bytes32 chainUid) public view returns (bool) {
        return pausedByAdmin[chainUid] || pausedByOwners[chainUid];
    }

    /// @inheritdoc IChainRegistry
    function chainOf(bytes32 chainUid) external view returns (Chain memory) {
        _requireKnown(chainUid);
        return chains[chainUid];
    }

    /// @inheritdoc IChainRegistry
    function baseContractsOf(bytes32 chainUid) external view returns (BaseContracts memory) {
        return bases[chainUid];
    }

    /// @inheritdoc IChainRegistry
    function transferContractsOf(bytes32 chainUid) external view returns (TransferContracts[] memory) {
        return transferSets[chainUid];
    }

    /// @inheritdoc IChainRegistry
    function uidOf(string calldata name) external view returns (bytes32) {
        return uids[keccak256(bytes(name))];
    }

    /// @inheritdoc IChainRegistry
    function chainUids() external view returns (bytes32[] memory) {
        return list;
    }

    /// @inheritdoc IChainRegistry
    function ownerList() external view returns (address[] memory) {
        return owners;
    }

    function _owners() internal view override returns (IOwners) {
        return IOwners(address(this));
    }

    function _requireKnown(bytes32 chainUid) private view {
        if (bytes(chains[chainUid].name).length == 0) revert UnknownChain(chainUid);
    }

    function _requireCode(Code calldata code, string memory field) private pure {
        if (code.account == address(0) || code.codeHash == 0) revert BadField(field);
    }
}
