// Reads signed messages, one JSON object a line, and says for each whether its vendor's own library accepts it.
//
//     node tests/proof/verifiers/verify.mjs FOLDER_WITH_NODE_MODULES

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";

const require = createRequire(join(process.argv[2], "x.js"));
const { Environment, LogLevel, Paddle } = require("@paddle/paddle-node-sdk");
const { WebhooksHelper } = require("square");
const { verifyKey } = require("discord-interactions");
const { validateWebhook } = require("replicate");
const { LinearWebhookClient } = await import(require.resolve("@linear/sdk/package.json").replace("package.json", "dist/webhooks/index.mjs"));

const paddle = new Paddle("none", { environment: Environment.sandbox, logLevel: LogLevel.none });

const verifiers = {
  replicate: ({ headers, body, secret }) => validateWebhook({ headers, body }, secret),
  paddle: ({ headers, body, secret }) => paddle.webhooks.isSignatureValid(body, secret, headers["paddle-signature"]),
  square: ({ headers, body, secret, url }) =>
    WebhooksHelper.verifySignature({ requestBody: body, signatureHeader: headers["x-square-hmacsha256-signature"], signatureKey: secret, notificationUrl: url }),
  linear: ({ headers, body, secret }) => new LinearWebhookClient(secret).verify(Buffer.from(body), headers["linear-signature"]),
  discord: ({ headers, body, secret }) => verifyKey(body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], secret),
};

for await (const line of createInterface({ input: process.stdin })) {
  const message = JSON.parse(line);
  let good;
  try {
    good = (await verifiers[message.sender](message)) === true;
  } catch (e) {
    good = false;
  }
  console.log(JSON.stringify(good));
}
