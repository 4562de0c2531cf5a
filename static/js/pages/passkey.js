// The browser creates or uses a passkey. Its response is put into the form, which is then sent as usual.

const form = document.querySelector("[data-passkey]");
const makes = form?.dataset.passkey === "make";

async function credential() {
  const { publicKey } = JSON.parse(form.dataset.options);
  if (makes) {
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  }
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

async function send(event) {
  event.preventDefault();
  const failed = form.querySelector("[role=alert]");
  failed.hidden = true;
  try {
    form.elements.credential.value = JSON.stringify(await credential());
    form.submit();
  } catch {
    failed.hidden = false; // cancelled, timed out, or no passkey here
  }
}

// Older browsers cannot parse the options; a code is used instead.
if (form && window.PublicKeyCredential?.parseCreationOptionsFromJSON) {
  form.hidden = false;
  document.querySelector("[data-passkey-lacks]")?.remove();
  form.addEventListener("submit", send);
}
