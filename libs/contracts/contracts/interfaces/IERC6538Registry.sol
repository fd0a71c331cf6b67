// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title ERC-6538 stealth meta-address registry
interface IERC6538Registry {
    /// @notice The signature is not the registrant's, by ECDSA or by ERC-1271.
    error ERC6538Registry__InvalidSignature();

    /// @notice A registrant set its stealth meta-address.
    event StealthMetaAddressSet(address indexed registrant, uint256 indexed schemeId, bytes stealthMetaAddress);

    /// @notice A registrant raised its nonce.
    event NonceIncremented(address indexed registrant, uint256 newNonce);

    /// @notice Sets the caller's stealth meta-address of a scheme.
    function registerKeys(uint256 schemeId, bytes calldata stealthMetaAddress) external;

    /// @notice Sets the registrant's, by its signature (EIP-712, ECDSA or ERC-1271).
    function registerKeysOnBehalf(
        address registrant,
        uint256 schemeId,
        bytes memory signature,
        bytes calldata stealthMetaAddress
    ) external;

    /// @notice Voids the caller's signatures that were not used yet.
    function incrementNonce() external;

    /// @notice EIP-712 domain separator of this chain and contract.
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice The registrant's stealth meta-address of a scheme.
    function stealthMetaAddressOf(address registrant, uint256 schemeId) external view returns (bytes memory);

    /// @notice Nonce that the registrant's next signature must carry.
    function nonceOf(address registrant) external view returns (uint256);
}
