// GITHUB_APP_PRIVATE_KEY. GitHub hands out PKCS#1, and one-line settings carry line breaks as \n;
// jose wants PKCS#8.
import { createPrivateKey } from "node:crypto";
import { z } from "zod";

export const privateKey = z.string().transform((text, context) => {
  try {
    const key = createPrivateKey(text.replaceAll("\\r", "").replaceAll("\\n", "\n"));
    const isStrong = (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
    if (key.asymmetricKeyType === "rsa" && isStrong) return key.export({ type: "pkcs8", format: "pem" }).toString();
  } catch {
    // node's message may quote the key
  }
  context.addIssue("is not an RSA private key of 2048 bits or more in PEM, as GitHub hands it out");
  return "";
});
