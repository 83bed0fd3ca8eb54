// Passkeys: asks the browser for one, and sends what it says as any other form. Without it the password is
// there.
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;
  const octets = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  };
  const written = (buffer) => {
    const plain = btoa(Array.from(new Uint8Array(buffer), (octet) => String.fromCharCode(octet)).join(""));
    return plain.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  };

  const make = (asked) => navigator.credentials.create({
    publicKey: {
      challenge: octets(asked.challenge),
      rp: { id: asked.party, name: asked.node },
      user: { id: octets(asked.user), name: asked.account, displayName: asked.person },
      pubKeyCredParams: asked.algorithms.split(" ").map((alg) => ({ type: "public-key", alg: Number(alg) })),
      excludeCredentials: asked.known.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: octets(id) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      timeout: 300000,
    },
  });
  const show = (asked) => navigator.credentials.get({
    publicKey: {
      challenge: octets(asked.challenge),
      rpId: asked.party,
      userVerification: "required",
      timeout: 300000,
    },
  });

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const fields = form.elements;
    const trouble = form.querySelector("[data-trouble]");
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
      if (fields["client-data"].value) return;
      event.preventDefault();
      event.stopPropagation();
      trouble.textContent = "";
      try {
        const answer = await (form.dataset.passkey === "make" ? make : show)(form.dataset);
        const said = answer.response;
        const put = (name, value) => { if (fields[name] && value) fields[name].value = written(value); };
        put("passkey", answer.rawId);
        put("attestation", said.attestationObject);
        put("authenticator-data", said.authenticatorData);
        put("signature", said.signature);
        put("user", said.userHandle);
        put("client-data", said.clientDataJSON);
        form.requestSubmit();
      } catch {
        trouble.textContent = form.dataset.trouble;
      }
    });
  }
  // Who comes back to the page begins anew.
  addEventListener("pageshow", () => document.querySelectorAll("form[data-passkey] [name=client-data]").forEach((field) => { field.value = ""; }));
})();
