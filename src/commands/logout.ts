import { accountVerb } from "./_account-verb.ts";

export const command = accountVerb({
  mode: "login",
  kind: "logged-out",
  sentence: (user) => `this device no longer signs in as ${user}; the password will be asked`,
  work: ({ client }) => client.logout(true),
});
