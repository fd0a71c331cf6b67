// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Chains and hospitals of the consortium (protocol section 7: Final, Who is who)
/// @notice Owners are e of f; a hospital's admin speaks for the hospital. The hub is listed too, without hospital.
interface IChainRegistry {
    /// @notice How a block of the chain becomes final.
    enum Finality {
        None,
        Instant,
        Depth,
        Tag
    }

    /// @param name the operator's name in datagrams, such as "north"
    /// @param finality kind; Instant has depth 0
    /// @param depth blocks below the head; for Tag its usual lag
    /// @param blockSeconds time between blocks, in seconds
    /// @param maxHeadAge a head older than this many seconds means unavailable
    /// @param w 2·(depth+2)·blockSeconds + margin, in seconds
    /// @param admin account that speaks for the hospital here
    /// @param logAccount account on the hub whose anchors of its audit log count: one log per hospital
    /// @param messageKey address of the key that signs the hospital's datagrams; zero for the hub
    /// @param hpkeKey uncompressed P-256 point, 65 bytes; empty for the hub
    /// @param exchangeUrl where ciphertext is fetched; empty for the hub
    struct Chain {
        string name;
        Finality finality;
        uint32 depth;
        uint32 blockSeconds;
        uint32 maxHeadAge;
        uint32 w;
        address admin;
        address logAccount;
        address messageKey;
        bytes hpkeKey;
        string exchangeUrl;
    }

    /// @notice A contract and the hash that its code must have (EXTCODEHASH).
    struct Code {
        address account;
        bytes32 codeHash;
    }

    /// @notice Contracts that exist before the group's keys, one set per chain.
    struct BaseContracts {
        Code deedRegistry;
        Code keyRegistry;
        Code checkpointAnchor;
        Code announcer;
        Code metaAddresses;
    }

    /// @notice Contracts of one Y; a new Y adds a set and the older ones drain.
    /// @param signKeyId id of Y_sig, which the contracts hold
    /// @param sealKeyId id of Y_seal, to which capsules of these grants are sealed
    struct TransferContracts {
        Code lockedAccount;
        Code mappedDeeds;
        bytes32 signKeyId;
        bytes32 sealKeyId;
    }

    event ChainRegistered(bytes32 indexed chainUid, string name);
    event BaseContractsSet(bytes32 indexed chainUid);
    event TransferContractsAdded(bytes32 indexed chainUid, uint256 set, bytes32 signKeyId, bytes32 sealKeyId);
    event ExchangeUrlSet(bytes32 indexed chainUid, string exchangeUrl);
    event Paused(bytes32 indexed chainUid, bool paused);

    /// @notice The named field is missing or wrong.
    error BadField(string field);
    error KnownChain(bytes32 chainUid);
    error KnownName(string name);
    error UnknownChain(bytes32 chainUid);
    error NotAdmin(address sender);
    /// @notice The pause or resume of that round is done already, or an earlier round is not.
    error WrongRound(uint256 round);
    /// @notice The base contracts are set once.
    error BaseContractsKnown(bytes32 chainUid);

    /// @notice Lists a chain. By e of f owners.
    function register(bytes32 chainUid, Chain calldata chain) external;

    /// @notice Records the contracts that the chain starts with. By e of f owners.
    function setBaseContracts(bytes32 chainUid, BaseContracts calldata contracts) external;

    /// @notice Adds LockedAccount and MappedDeeds of a Y; the last set is the current one. By e of f owners.
    function setContracts(bytes32 chainUid, TransferContracts calldata contracts) external;

    /// @notice Moves the exchange endpoint. By the hospital's admin.
    function setExchangeUrl(bytes32 chainUid, string calldata exchangeUrl) external;

    /// @notice Stops lock, mint and release of the chain's transfers; never revoke, give-back or refund. By the admin.
    function pause(bytes32 chainUid) external;

    /// @notice Ends the admin's `pause`. By the admin.
    function resume(bytes32 chainUid) external;

    /// @notice `pause` and `resume` of the consortium, a switch of its own. By e of f owners.
    /// @param round the present `pauseRound`, so that a late approval does not count for a later pause
    function pauseByOwners(bytes32 chainUid, uint256 round) external;
    function resumeByOwners(bytes32 chainUid, uint256 round) external;

    /// @notice How often the owners have paused or resumed the chain.
    function pauseRound(bytes32 chainUid) external view returns (uint256);

    function isPaused(bytes32 chainUid) external view returns (bool);
    /// @notice Reverts for an unknown chain.
    function chainOf(bytes32 chainUid) external view returns (Chain memory);
    /// @notice Zeros until set.
    function baseContractsOf(bytes32 chainUid) external view returns (BaseContracts memory);
    /// @notice All sets in order, drained ones included; the last is current.
    function transferContractsOf(bytes32 chainUid) external view returns (TransferContracts[] memory);
    /// @notice Uid of the chain with this name; 0 for none.
    function uidOf(string calldata name) external view returns (bytes32);
    /// @notice Uids of all chains in the order of registration.
    function chainUids() external view returns (bytes32[] memory);
    /// @notice Whether the account is a LockedAccount of the chain, of any set.
    function isLockedAccount(bytes32 chainUid, address account) external view returns (bool);
    /// @notice The owners in order.
    function ownerList() external view returns (address[] memory);
}
