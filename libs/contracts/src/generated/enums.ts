// Generated from contracts/ by scripts/generate.mjs. Do not edit.

export const enums: Record<string, readonly string[]> = {
  "IChainRegistry.Finality": [
    "None",
    "Instant",
    "Depth",
    "Tag"
  ],
  "ILockedAccount.Status": [
    "None",
    "Locked",
    "Closed",
    "Void"
  ],
  "ILockedAccount.Reason": [
    "None",
    "Refunded",
    "Revoked",
    "GivenBack"
  ],
  "IMappedDeeds.Status": [
    "None",
    "Mapped",
    "Closed",
    "Void"
  ],
  "IMappedDeeds.Reason": [
    "None",
    "Revoked",
    "GivenBack"
  ],
  "IStoremanRegistry.Phase": [
    "None",
    "Signing",
    "Keys",
    "Commitments",
    "Shares",
    "Complaints",
    "Verdict",
    "Finish",
    "Finished",
    "Failed"
  ],
  "IStoremanRegistry.Purpose": [
    "None",
    "Sign",
    "Seal"
  ]
};
