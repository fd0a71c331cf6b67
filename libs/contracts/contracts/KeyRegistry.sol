// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IKeyRegistry} from "./interfaces/IKeyRegistry.sol";

/// @title An institution's keys and their history
/// @notice Promises, units and errors are at IKeyRegistry.
contract KeyRegistry is IKeyRegistry {
    bytes32 public immutable chainUid;
    address public immutable registrar;
    mapping(bytes32 keyId => KeyRecord) private keys;
    bytes32[] private ids;

    constructor(bytes32 chainUid_, address registrar_) {
        if (chainUid_ == 0 || registrar_ == address(0)) revert BadArgument();
        chainUid = chainUid_;
        registrar = registrar_;
    }

    /// @inheritdoc IKeyRegistry
    function add(string calldata use, bytes calldata publicKey) external returns (bytes32 keyId) {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        if (bytes(use).length == 0 || publicKey.length == 0) revert BadArgument();
        keyId = keccak256(abi.encode(use, publicKey));
        if (keys[keyId].addedAt != 0) revert KnownKey(keyId);
        keys[keyId] = KeyRecord(use, publicKey, uint64(block.timestamp), 0);
        ids.push(keyId);
        emit KeyAdded(keyId, use, publicKey);
    }

    /// @inheritdoc IKeyRegistry
    function retire(bytes32 keyId) external {
        if (msg.sender != registrar) revert NotRegistrar(msg.sender);
        KeyRecord storage key = keys[keyId];
        if (key.addedAt == 0 || key.retiredAt != 0) revert NotInUse(keyId);
        key.retiredAt = uint64(block.timestamp);
        emit KeyRetired(keyId);
    }

    /// @inheritdoc IKeyRegistry
    function keyOf(bytes32 keyId) external view returns (KeyRecord memory) {
        return keys[keyId];
    }

    /// @inheritdoc IKeyRegistry
    function keyIds() external view returns (bytes32[] memory) {
        return ids;
    }
}
