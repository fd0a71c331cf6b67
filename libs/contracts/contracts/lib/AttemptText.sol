// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title RFC 8785 text of an attempt's roster and parameters
/// @notice Made here and not given by the sender, so that members sign exactly what the registry runs.
library AttemptText {
    /// @notice {"nMin":…,"phaseSeconds":…,"purpose":"…","roster":["0x…",…],"t":…}, addresses in lower case.
    function hash(string memory purpose, address[] calldata roster, uint256 t, uint256 nMin, uint256 phaseSeconds)
        internal
        pure
        returns (bytes32)
    {
        bytes memory list;
        for (uint256 i = 0; i < roster.length; ++i) {
            list = bytes.concat(list, i == 0 ? bytes('"') : bytes(',"'), _hex(roster[i]), '"');
        }
        return sha256(
            bytes.concat(
                bytes.concat('{"nMin":', _decimal(nMin), ',"phaseSeconds":', _decimal(phaseSeconds)),
                bytes.concat(',"purpose":"', bytes(purpose), '","roster":[', list, '],"t":', _decimal(t), "}")
            )
        );
    }

    function _hex(address account) private pure returns (bytes memory text) {
        bytes16 digits = "0123456789abcdef";
        text = new bytes(42);
        text[0] = "0";
        text[1] = "x";
        uint160 rest = uint160(account);
        for (uint256 i = 42; i > 2; --i) {
            text[i - 1] = digits[rest & 0xf];
            rest >>= 4;
        }
    }

    function _decimal(uint256 value) private pure returns (bytes memory text) {
        uint256 length = 1;
        for (uint256 rest = value / 10; rest != 0; rest /= 10) ++length;
        text = new bytes(length);
        for (uint256 i = length; i > 0; --i) {
            text[i - 1] = bytes1(uint8(48 + value % 10));
            value /= 10;
        }
    }
}
