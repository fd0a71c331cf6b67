// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title History of an institution's public keys, for its auditors
/// @notice No other hospital's guard reads this: between hospitals the hub says which key is whose.
interface IKeyRegistry {
    /// @param use what the key is for, such as "message", "hpke", "log", "token"
    /// @param addedAt block timestamp in seconds
    /// @param retiredAt block timestamp in seconds; 0 while in use
    struct KeyRecord {
        string use;
        bytes publicKey;
        uint64 addedAt;
        uint64 retiredAt;
    }

    event KeyAdded(bytes32 indexed keyId, string use, bytes publicKey);
    event KeyRetired(bytes32 indexed keyId);

    error NotRegistrar(address sender);
    /// @notice A constructor argument is zero, or a use or key is empty.
    error BadArgument();
    /// @notice A key is added once; after retirement never again.
    error KnownKey(bytes32 keyId);
    /// @notice No such key, or it is retired.
    error NotInUse(bytes32 keyId);

    /// @notice Adds a key; its id is keccak256(abi.encode(use, publicKey)).
    function add(string calldata use, bytes calldata publicKey) external returns (bytes32 keyId);

    /// @notice Ends the use of a key.
    function retire(bytes32 keyId) external;

    function keyOf(bytes32 keyId) external view returns (KeyRecord memory);

    /// @notice Ids of all keys in the order of their addition.
    function keyIds() external view returns (bytes32[] memory);

    function chainUid() external view returns (bytes32);
    function registrar() external view returns (address);
}
