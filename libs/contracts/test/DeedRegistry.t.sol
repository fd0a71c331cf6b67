// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {DeedRegistry} from "../contracts/DeedRegistry.sol";
import {IDeedRegistry} from "../contracts/interfaces/IDeedRegistry.sol";
import {Secp256k1} from "../contracts/lib/Secp256k1.sol";
import {Fixtures} from "./support/Fixtures.sol";

contract DeedRegistryTest is Fixtures {
    DeedRegistry private deeds;
    uint256[16] private xs;
    uint256[16] private ys;
    bytes32[16] private commitments;

    function setUp() public {
        deeds = new DeedRegistry(bytes32(uint256(1)), address(this));
        (xs, ys, commitments) = cohortAt(".transfer");
    }

    function test_Constructor_refusesZeros() public {
        expectError(abi.encodeWithSelector(IDeedRegistry.ZeroArgument.selector));
        new DeedRegistry(0, address(this));
        expectError(abi.encodeWithSelector(IDeedRegistry.ZeroArgument.selector));
        new DeedRegistry(bytes32(uint256(1)), address(0));
    }

    function test_Mint_keepsOneWordPerCohort() public {
        vm.expectEmit(address(deeds));
        emit IDeedRegistry.CohortMinted(0, xs, commitments);
        uint256 cohort = deeds.mint(xs, ys, commitments);
        vm.snapshotGasLastCall("gas", "DeedRegistry.mint, first cohort of 16");
        assertEq(cohort, 0, "cohort");
        assertEq(deeds.cohorts(), 1, "cohorts");
        bytes32 word =
            keccak256(abi.encodePacked(keccak256(abi.encodePacked(xs)), keccak256(abi.encodePacked(commitments))));
        assertEq(deeds.cohortHash(0), word, "word");
        assertEq(deeds.cohortHash(1), 0, "no such cohort");
        // x = 1 is on the curve and below all others.
        (xs[0], ys[0]) = (1, 0x4218F20AE6C646B363DB68605822FB14264CA8D2587FDD6FBC750D587E76A7EE);
        assertEq(deeds.mint(xs, ys, commitments), 1, "second cohort");
    }

    function test_Mint_refusesARingTwice() public {
        deeds.mint(xs, ys, commitments);
        commitments[3] = bytes32(uint256(7));
        expectError(abi.encodeWithSelector(IDeedRegistry.RingMinted.selector, keccak256(abi.encodePacked(xs))));
        deeds.mint(xs, ys, commitments);
        assertEq(deeds.cohorts(), 1, "cohorts");
    }

    function test_Mint_isTheRegistrarsAlone() public {
        vm.prank(address(2));
        expectError(abi.encodeWithSelector(IDeedRegistry.NotRegistrar.selector, address(2)));
        deeds.mint(xs, ys, commitments);
    }

    function test_Mint_refusesKeysOutOfOrderOrTwice() public {
        (xs[4], xs[5], ys[4], ys[5]) = (xs[5], xs[4], ys[5], ys[4]);
        expectError(abi.encodeWithSelector(IDeedRegistry.NotAscending.selector, 5));
        deeds.mint(xs, ys, commitments);
        (xs[4], ys[4]) = (xs[5], ys[5]);
        expectError(abi.encodeWithSelector(IDeedRegistry.NotAscending.selector, 5));
        deeds.mint(xs, ys, commitments);
    }

    function test_Mint_refusesAZeroKey() public {
        xs[0] = 0;
        expectError(abi.encodeWithSelector(IDeedRegistry.NotAscending.selector, 0));
        deeds.mint(xs, ys, commitments);
    }

    function test_Mint_refusesAPointOffTheCurve() public {
        ys[7] += 2;
        expectError(abi.encodeWithSelector(IDeedRegistry.BadDeedKey.selector, 7));
        deeds.mint(xs, ys, commitments);
    }

    function test_Mint_refusesAnOddY() public {
        ys[7] = Secp256k1.P - ys[7];
        expectError(abi.encodeWithSelector(IDeedRegistry.BadDeedKey.selector, 7));
        deeds.mint(xs, ys, commitments);
    }

    function test_Mint_refusesAnXNotBelowTheOrder() public {
        xs[15] = Secp256k1.N;
        expectError(abi.encodeWithSelector(IDeedRegistry.BadDeedKey.selector, 15));
        deeds.mint(xs, ys, commitments);
    }

    function test_Mint_refusesAZeroCommitment() public {
        commitments[2] = 0;
        expectError(abi.encodeWithSelector(IDeedRegistry.ZeroCommitment.selector, 2));
        deeds.mint(xs, ys, commitments);
    }
}
