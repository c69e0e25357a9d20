/** Operator, account and users of NATS, with tokens as `nsc` makes them. */

import { nkeys } from "@nats-io/transport-node";

const { createAccount, createOperator, createUser } = nkeys;
type KeyPair = nkeys.KeyPair;

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");

function token(by: KeyPair, of: KeyPair, nats: object, expiresAtSeconds?: number): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = { jti: crypto.randomUUID(), iat: now, iss: by.getPublicKey(), name: "test" };
  const expiry = expiresAtSeconds === undefined ? {} : { exp: expiresAtSeconds };
  const body = { ...claims, ...expiry, sub: of.getPublicKey(), nats: { ...nats, version: 2 } };
  const signed = `${encode({ typ: "JWT", alg: "ed25519-nkey" })}.${encode(body)}`;
  const signature = by.sign(new TextEncoder().encode(signed));
  return `${signed}.${Buffer.from(signature).toString("base64url")}`;
}

export class NatsOperator {
  readonly #operator = createOperator();
  readonly #account = createAccount();
  readonly #system = createAccount();

  /** Lines of a configuration that admits the users of this operator's account. */
  get config(): string {
    const unlimited = {
      subs: -1,
      data: -1,
      payload: -1,
      imports: -1,
      exports: -1,
      wildcards: true,
    };
    const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
    const limits = { ...unlimited, conn: -1, leaf: -1 };
    const operator = token(this.#operator, this.#operator, { type: "operator" });
    const accounts = [
      [this.#account, { ...limits, ...storage }],
      [this.#system, limits],
    ] as const;
    const preloaded = accounts.map(([account, of]) => {
      const signed = token(this.#operator, account, { type: "account", limits: of });
      return `${account.getPublicKey()}: ${signed}`;
    });
    return [
      `operator: ${operator}`,
      `system_account: ${this.#system.getPublicKey()}`,
      "resolver: MEMORY",
      `resolver_preload: { ${preloaded.join(", ")} }`,
    ].join("\n");
  }

  credentials(expiresAtSeconds?: number): Uint8Array {
    const user = createUser();
    const limits = { subs: -1, data: -1, payload: -1 };
    const jwt = token(this.#account, user, { type: "user", ...limits }, expiresAtSeconds);
    const seed = new TextDecoder().decode(user.getSeed());
    const block = (name: string, text: string) =>
      `-----BEGIN ${name}-----\n${text}\n------END ${name}------\n`;
    const text = `${block("NATS USER JWT", jwt)}\n${block("USER NKEY SEED", seed)}`;
    return new TextEncoder().encode(text);
  }
}
