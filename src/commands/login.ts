import { accountVerb } from "./_account-verb.ts";

export const command = accountVerb({
  mode: "login",
  kind: "logged-in",
  sentence: (user) => `this device signs in as ${user}`,
});
