// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChainRegistry} from "./interfaces/IChainRegistry.sol";
import {ITransferLedger} from "./interfaces/ITransferLedger.sol";
import {Members} from "./lib/Members.sol";

/// @title Vouches and heads
/// @notice Promises, units and errors are at ITransferLedger.
contract TransferLedger is ITransferLedger, Members {
    uint256 public immutable vouchesNeeded;
    mapping(bytes32 grantId => Transfer) private transfers;
    mapping(bytes32 grantId => mapping(address voucher => bytes32)) public vouchOf;
    /// @dev The digest does not hold the destination, so votes are counted for both together.
    mapping(bytes32 digest => mapping(bytes32 destinationUid => uint256)) public countOf;
    mapping(bytes32 chainUid => mapping(address voucher => Head)) private heads;
    mapping(bytes32 grantId => mapping(address voucher => bytes32)) private destinationOfVouch;

    constructor(address chainRegistry_, uint256 bondNeeded_, uint256 vouchesNeeded_)
        Members(chainRegistry_, bondNeeded_)
    {
        if (vouchesNeeded_ == 0) revert BadField("vouchesNeeded");
        vouchesNeeded = vouchesNeeded_;
    }

    /// @inheritdoc ITransferLedger
    function vouch(Vouch calldata what) external onlyActive {
        if (!IChainRegistry(chainRegistry).isLockedAccount(what.homeUid, what.lockedAccount)) {
            revert UnknownLockedAccount(what.homeUid, what.lockedAccount);
        }
        bytes32 digest = digestOf(what);
        bytes32 earlier = vouchOf[what.grantId][msg.sender];
        if (earlier != 0) {
            if (earlier == digest && destinationOfVouch[what.grantId][msg.sender] == what.destinationUid) return;
            revert OtherVouch(earlier);
        }
        vouchOf[what.grantId][msg.sender] = digest;
        destinationOfVouch[what.grantId][msg.sender] = what.destinationUid;
        uint256 count = ++countOf[digest][what.destinationUid];
        emit VouchGiven(what.grantId, msg.sender, digest, count, what);
        if (count >= vouchesNeeded && transfers[what.grantId].digest == 0) {
            transfers[what.grantId] = Transfer(digest, what.homeUid, what.destinationUid, uint64(block.number));
            emit TransferVouched(what.grantId, digest, what.homeUid, what.destinationUid);
        }
    }

    /// @inheritdoc ITransferLedger
    function head(bytes32 chainUid, uint64 number, bytes32 blockHash) external onlyActive {
        IChainRegistry(chainRegistry).chainOf(chainUid); // reverts for an unknown chain
        Head storage known = heads[chainUid][msg.sender];
        if (number < known.number) revert HeadGoesBack(known.number, number);
        if (number == known.number && known.blockHash != 0) {
            if (known.blockHash != blockHash) revert HeadChanges(number, known.blockHash, blockHash);
            return;
        }
        heads[chainUid][msg.sender] = Head(number, blockHash);
        emit HeadAnchored(chainUid, msg.sender, number, blockHash);
    }

    /// @inheritdoc ITransferLedger
    function transferOf(bytes32 grantId) external view returns (Transfer memory) {
        return transfers[grantId];
    }

    /// @inheritdoc ITransferLedger
    function headOf(bytes32 chainUid, address voucher) external view returns (Head memory) {
        return heads[chainUid][voucher];
    }

    /// @inheritdoc ITransferLedger
    function digestOf(Vouch calldata what) public pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                "cpds/v1/vouch",
                what.homeUid,
                what.lockedAccount,
                what.grantId,
                what.ringHash,
                what.blockNumber,
                what.blockHash
            )
        );
    }
}
