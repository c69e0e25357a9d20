import { accountVerb } from "./_account-verb.ts";

export const command = accountVerb({
  mode: "register",
  kind: "registered",
  sentence: (user) => `${user} is registered, and this device signs in for that name`,
});
