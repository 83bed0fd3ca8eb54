// Signing in as the people of the demonstration do.

import { createHmac } from "node:crypto";

/** The code of an authenticator now (RFC 6238). */
export function code(secret, now = Date.now()) {
  let bits = "";
  for (const letter of secret.replace(/[^A-Z2-7]/g, "")) {
    bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  }
  const key = Buffer.from(bits.match(/.{8}/g).map((octet) => parseInt(octet, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, "0");
}

/** Signs in by the form, and gives the cookie of the session. */
export async function signIn(open, base, accounts, account) {
  const secret = accounts.secrets.find(([id]) => id === account)[1];
  const page = await open(null, ["it", "day", "desk"]);
  await page.goto(`${base}/sign-in`);
  await page.fill("#account", account);
  await page.fill("#password", accounts.password);
  await page.fill("#code", code(secret));
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/sign-in")), page.click(".door button")]);
  const cookies = await page.context().cookies();
  await page.context().close();
  return cookies.find((cookie) => cookie.name === "__Host-vedetta").value;
}
