// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IChainRegistry} from "./interfaces/IChainRegistry.sol";
import {ITransferLedger} from "./interfaces/ITransferLedger.sol";
import {Members} from "./lib/Members.sol";

/// @title Vouches and heads
/// @notice Promises, units and errors are at ITransferLedger.
contract TransferLedger is ITransferLedger, Members {
    uint256 public immutable vouchesNeeded;
    /// @dev Vouches for the same digest and the same destination; the digest does not contain the destination.
    struct Candidate {
        address[] vouchers;
        uint64 decidedAt;
        bytes32 digest;
        bytes32 homeUid;
        bytes32 destinationUid;
    }

    mapping(bytes32 key => Candidate) private candidates;
    /// @dev The first candidate, or the one that was decided. The first voucher already writes it: the vouch that
    /// decides must not cost more than its sender estimated without knowing that it would decide.
    mapping(bytes32 grantId => bytes32 key) private leading;
    mapping(bytes32 grantId => mapping(address voucher => bytes32 key)) private vouchKey;
    mapping(bytes32 chainUid => mapping(address voucher => Head)) private heads;

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
        bytes32 key = _key(digest, what.destinationUid);
        bytes32 earlier = vouchKey[what.grantId][msg.sender];
        if (earlier == key) return;
        if (earlier != 0) revert OtherVouch(candidates[earlier].digest);
        vouchKey[what.grantId][msg.sender] = key;

        Candidate storage candidate = candidates[key];
        if (candidate.vouchers.length == 0) {
            candidate.digest = digest;
            candidate.homeUid = what.homeUid;
            candidate.destinationUid = what.destinationUid;
        }
        candidate.vouchers.push(msg.sender);
        uint256 count = _activeCount(candidate);
        emit VouchGiven(what.grantId, msg.sender, digest, count, what);

        bytes32 lead = leading[what.grantId];
        if (lead == 0) leading[what.grantId] = key;
        bool isDecided = lead != 0 && candidates[lead].decidedAt != 0;
        if (count >= vouchesNeeded && !isDecided) {
            candidate.decidedAt = uint64(block.number);
            leading[what.grantId] = key;
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
    function transferOf(bytes32 grantId) external view returns (Transfer memory transfer) {
        Candidate storage lead = candidates[leading[grantId]];
        if (lead.decidedAt == 0) return transfer;
        return Transfer(lead.digest, lead.homeUid, lead.destinationUid, lead.decidedAt);
    }

    /// @inheritdoc ITransferLedger
    function vouchOf(bytes32 grantId, address voucher) external view returns (bytes32) {
        return candidates[vouchKey[grantId][voucher]].digest;
    }

    /// @inheritdoc ITransferLedger
    function countOf(bytes32 digest, bytes32 destinationUid) external view returns (uint256) {
        return _activeCount(candidates[_key(digest, destinationUid)]);
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

    /// @dev Leaves out a voucher that was let go before the grant was decided.
    function _activeCount(Candidate storage candidate) private view returns (uint256 count) {
        uint256 length = candidate.vouchers.length;
        for (uint256 i = 0; i < length; ++i) if (isActive(candidate.vouchers[i])) ++count;
    }

    function _key(bytes32 digest, bytes32 destinationUid) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(digest, destinationUid));
    }
}
