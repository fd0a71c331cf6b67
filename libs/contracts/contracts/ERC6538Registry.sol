// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC6538Registry} from "./interfaces/IERC6538Registry.sol";

/// @dev ERC-1271.
interface IERC1271 {
    function isValidSignature(bytes32 hash, bytes memory signature) external view returns (bytes4);
}

/// @title ERC-6538 registry of stealth meta-addresses
/// @notice Promises, units and errors are at IERC6538Registry.
contract ERC6538Registry is IERC6538Registry {
    mapping(address registrant => mapping(uint256 schemeId => bytes)) public stealthMetaAddressOf;
    mapping(address registrant => uint256) public nonceOf;

    /// @notice EIP-712 type of a registration on behalf.
    bytes32 public constant ERC6538REGISTRY_ENTRY_TYPE_HASH =
        keccak256("Erc6538RegistryEntry(uint256 schemeId,bytes stealthMetaAddress,uint256 nonce)");

    uint256 private immutable initialChainId = block.chainid;
    bytes32 private immutable initialDomainSeparator = _domainSeparator();

    /// @inheritdoc IERC6538Registry
    function registerKeys(uint256 schemeId, bytes calldata stealthMetaAddress) external {
        stealthMetaAddressOf[msg.sender][schemeId] = stealthMetaAddress;
        emit StealthMetaAddressSet(msg.sender, schemeId, stealthMetaAddress);
    }

    /// @inheritdoc IERC6538Registry
    function registerKeysOnBehalf(
        address registrant,
        uint256 schemeId,
        bytes memory signature,
        bytes calldata stealthMetaAddress
    ) external {
        bytes32 structHash = keccak256(
            abi.encode(
                ERC6538REGISTRY_ENTRY_TYPE_HASH, schemeId, keccak256(stealthMetaAddress), nonceOf[registrant]++
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", DOMAIN_SEPARATOR(), structHash));
        if (!_isSigner(registrant, digest, signature)) revert ERC6538Registry__InvalidSignature();
        stealthMetaAddressOf[registrant][schemeId] = stealthMetaAddress;
        emit StealthMetaAddressSet(registrant, schemeId, stealthMetaAddress);
    }

    /// @inheritdoc IERC6538Registry
    function incrementNonce() external {
        emit NonceIncremented(msg.sender, ++nonceOf[msg.sender]);
    }

    /// @inheritdoc IERC6538Registry
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return block.chainid == initialChainId ? initialDomainSeparator : _domainSeparator();
    }

    function _isSigner(address registrant, bytes32 digest, bytes memory signature) private view returns (bool) {
        if (registrant.code.length > 0) {
            (bool ok, bytes memory answer) =
                registrant.staticcall(abi.encodeCall(IERC1271.isValidSignature, (digest, signature)));
            return ok && answer.length == 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
        }
        if (signature.length != 65) return false;
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
        address recovered = ecrecover(digest, v, r, s);
        return recovered != address(0) && recovered == registrant;
    }

    function _domainSeparator() private view returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("ERC6538Registry"),
                keccak256("1.0"),
                block.chainid,
                address(this)
            )
        );
    }
}
