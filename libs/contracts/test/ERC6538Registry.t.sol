// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC6538Registry} from "../contracts/ERC6538Registry.sol";
import {IERC6538Registry} from "../contracts/interfaces/IERC6538Registry.sol";
import {Test} from "./support/Test.sol";

/// @dev A wallet contract: approves one digest (ERC-1271).
contract Wallet1271 {
    bytes32 public approved;

    function approve(bytes32 digest) external {
        approved = digest;
    }

    function isValidSignature(bytes32 digest, bytes memory) external view returns (bytes4) {
        return digest == approved ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

contract ERC6538RegistryTest is Test {
    ERC6538Registry private registry = new ERC6538Registry();
    uint256 private constant SECRET = 0xA11CE;
    bytes private constant META = hex"02aa03bb";

    function digest(uint256 scheme, bytes memory meta, uint256 nonce) private view returns (bytes32) {
        bytes32 structHash =
            keccak256(abi.encode(registry.ERC6538REGISTRY_ENTRY_TYPE_HASH(), scheme, keccak256(meta), nonce));
        return keccak256(abi.encodePacked(hex"1901", registry.DOMAIN_SEPARATOR(), structHash));
    }

    function signature(uint256 nonce) private view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SECRET, digest(1, META, nonce));
        return abi.encodePacked(r, s, v);
    }

    function test_RegisterKeys_setsTheSendersOwn() public {
        vm.expectEmit(address(registry));
        emit IERC6538Registry.StealthMetaAddressSet(address(this), 1, META);
        registry.registerKeys(1, META);
        assertEq(keccak256(registry.stealthMetaAddressOf(address(this), 1)), keccak256(META), "meta");
        assertEq(registry.stealthMetaAddressOf(address(this), 2).length, 0, "other scheme");
    }

    function test_OnBehalf_takesAnEcdsaSignatureOnce() public {
        address registrant = vm.addr(SECRET);
        bytes memory good = signature(0);
        registry.registerKeysOnBehalf(registrant, 1, good, META);
        assertEq(keccak256(registry.stealthMetaAddressOf(registrant, 1)), keccak256(META), "meta");
        assertEq(registry.nonceOf(registrant), 1, "nonce");
        expectError(abi.encodeWithSelector(IERC6538Registry.ERC6538Registry__InvalidSignature.selector));
        registry.registerKeysOnBehalf(registrant, 1, good, META);
    }

    function test_OnBehalf_takesAnErc1271Signature() public {
        Wallet1271 wallet = new Wallet1271();
        expectError(abi.encodeWithSelector(IERC6538Registry.ERC6538Registry__InvalidSignature.selector));
        registry.registerKeysOnBehalf(address(wallet), 1, "", META);
        wallet.approve(digest(1, META, 0));
        registry.registerKeysOnBehalf(address(wallet), 1, "", META);
        assertEq(keccak256(registry.stealthMetaAddressOf(address(wallet), 1)), keccak256(META), "meta");
    }

    function test_OnBehalf_refusesAnothersAndMalformedSignatures() public {
        bytes4 bad = IERC6538Registry.ERC6538Registry__InvalidSignature.selector;
        bytes memory good = signature(0);
        expectError(abi.encodeWithSelector(bad));
        registry.registerKeysOnBehalf(address(0xBEEF), 1, good, META);
        expectError(abi.encodeWithSelector(bad));
        registry.registerKeysOnBehalf(address(0), 1, new bytes(65), META);
        expectError(abi.encodeWithSelector(bad));
        registry.registerKeysOnBehalf(vm.addr(SECRET), 1, "", META);
        expectError(abi.encodeWithSelector(bad));
        registry.registerKeysOnBehalf(vm.addr(SECRET), 2, good, META);
    }

    function test_IncrementNonce_voidsSignatures() public {
        bytes memory good = signature(0);
        vm.expectEmit(address(registry));
        emit IERC6538Registry.NonceIncremented(vm.addr(SECRET), 1);
        vm.prank(vm.addr(SECRET));
        registry.incrementNonce();
        expectError(abi.encodeWithSelector(IERC6538Registry.ERC6538Registry__InvalidSignature.selector));
        registry.registerKeysOnBehalf(vm.addr(SECRET), 1, good, META);
    }

    function test_DomainSeparator_followsTheChainId() public {
        bytes32 before = registry.DOMAIN_SEPARATOR();
        vm.chainId(block.chainid + 1);
        assertTrue(registry.DOMAIN_SEPARATOR() != before, "a fork would take the same signatures");
    }
}
