use super::*;

const RSA: &[u8] = include_bytes!("../../tests/keys/rsa.pem");
const P256: &[u8] = include_bytes!("../../tests/keys/p256.pem");
const ISSUER: &str = "https://idp.example";
const NOW: Instant = Instant::from_micros(1_780_000_000_000_000);

fn signer(pem: &[u8]) -> Signer {
    Signer::read(pem, Some("k1".into())).unwrap()
}

fn keys(signer: &Signer) -> KeySet {
    KeySet::read(signer.public().to_string().as_bytes()).unwrap()
}

fn client(profile: Profile) -> Client {
    Client {
        issuer: ISSUER.into(),
        id: "vedetta".into(),
        redirect: "https://node.example/sign-in/callback".into(),
        profile,
        acr: None,
        proof: Proof::Secret("a secret: of + signs".into()),
    }
}

fn provider() -> Discovery {
    let body = json!({ "issuer": ISSUER, "authorization_endpoint": "https://idp.example/authorize",
        "token_endpoint": "https://idp.example/token", "jwks_uri": "https://idp.example/keys" });
    Discovery::read(body.to_string().as_bytes(), ISSUER).unwrap()
}

fn attempt() -> Attempt {
    Attempt { state: "s".into(), nonce: "n".into(), verifier: "v".repeat(43) }
}

fn claims() -> Value {
    let at = seconds(NOW);
    json!({ "iss": ISSUER, "sub": "anna", "aud": "vedetta", "nonce": "n", "iat": at, "exp": at + 300,
        "acr": "https://www.spid.gov.it/SpidL2", FISCAL_NUMBER: "TINIT-RSSMRA80A01H501U" })
}

fn judged(profile: Profile, change: impl FnOnce(&mut Value)) -> Result<String, Refusal> {
    let (key, mut said) = (signer(P256), claims());
    change(&mut said);
    let token = key.sign(&said).unwrap();
    client(profile).judge(&token, (&keys(&key), "n"), NOW).map(|it| it.subject)
}

#[test]
fn who_it_is_follows_from_the_profile() {
    assert_eq!(judged(Profile::Generic, |_| {}).as_deref(), Ok("anna"));
    for profile in [Profile::Spid, Profile::Cie] {
        assert_eq!(judged(profile, |_| {}).as_deref(), Ok("RSSMRA80A01H501U"));
        let nameless = judged(profile, |it| it[FISCAL_NUMBER] = Value::Null);
        assert_eq!(nameless, Err(Refusal::Nameless("the fiscal number")));
    }
    let several = |it: &mut Value| {
        it["aud"] = json!(["another", "vedetta"]);
        it["azp"] = json!("vedetta");
    };
    assert!(judged(Profile::Generic, several).is_ok());
}

#[test]
fn each_claim_is_as_it_must_be() {
    let refused = |name: &'static str, value: Value| {
        let judged = judged(Profile::Generic, |it| it[name] = value.clone());
        assert_eq!(judged, Err(Refusal::Claim(name)), "{name} {value}");
    };
    refused("iss", json!("https://evil.example"));
    refused("aud", json!("another"));
    refused("aud", Value::Null);
    refused("azp", json!("another"));
    refused("exp", json!(seconds(NOW) - SKEW));
    refused("exp", json!("tomorrow"));
    refused("iat", json!(seconds(NOW) + SKEW + 1));
    refused("iat", json!(seconds(NOW) - OLDEST - 1));
    refused("nonce", json!("another"));
    let several = judged(Profile::Generic, |it| it["aud"] = json!(["vedetta", "another"]));
    assert_eq!(several, Err(Refusal::Claim("azp")));
}

#[test]
fn a_person_is_proven_as_well_as_wanted() {
    let told = |acr: &str| judged(Profile::Spid, |it| it["acr"] = json!(acr)).map(drop);
    assert_eq!(told("https://www.spid.gov.it/SpidL3"), Ok(()));
    let weak = Err(Refusal::Weak(LEVEL.into()));
    assert_eq!(told("https://www.spid.gov.it/SpidL1"), weak);
    assert_eq!(told("https://evil.example/SpidL3"), weak);
    assert_eq!(judged(Profile::Cie, |it| it["acr"] = Value::Null).map(drop), weak);
    let strict = Client { acr: Some("urn:two-factors".into()), ..client(Profile::Generic) };
    let key = signer(P256);
    let token = key.sign(&claims()).unwrap();
    let judged = strict.judge(&token, (&keys(&key), "n"), NOW);
    assert_eq!(judged, Err(Refusal::Weak("urn:two-factors".into())));
}

#[test]
fn a_token_is_signed_by_the_provider_and_as_it_may_be() {
    let (rsa, p256, client) = (signer(RSA), signer(P256), client(Profile::Generic));
    let judged = |token: &str, of: &Signer| client.judge(token, (&keys(of), "n"), NOW).map(drop);
    for key in [&rsa, &p256] {
        let token = key.sign(&claims()).unwrap();
        assert_eq!(judged(&token, key), Ok(()));
        let (signed, _) = token.rsplit_once('.').unwrap();
        assert_eq!(
            judged(&format!("{signed}.{}", written(&[1; 64])), key),
            Err(Refusal::Signature)
        );
    }
    let token = p256.sign(&claims()).unwrap();
    assert_eq!(judged(&token, &rsa), Err(Refusal::Signature), "another key of that name");
    let other = Signer::read(P256, Some("k2".into())).unwrap();
    assert_eq!(judged(&token, &other), Err(Refusal::Key));
    let [_, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"ES256","crit":["b64"]}"#] {
        let forged = format!("{}.{payload}.{signature}", written(header.as_bytes()));
        assert_eq!(judged(&forged, &p256), Err(Refusal::Token), "{header}");
    }
    for none in ["", "a", "a.b", "a.b.c", &".".repeat(9), &"a".repeat(40_000)] {
        assert_eq!(judged(none, &p256), Err(Refusal::Token));
    }
}

#[test]
fn keys_that_do_not_sign_are_passed_over() {
    let signer = signer(P256);
    let mut set = signer.public();
    set["keys"][0]["use"] = json!("enc");
    assert!(!KeySet::read(set.to_string().as_bytes()).unwrap().knows(Some("k1")));
    let odd =
        br#"{"keys":[{"kty":"oct","k":"AA"},{"kty":"EC","crv":"P-521","x":"AA","y":"AA"},7]}"#;
    assert!(!KeySet::read(odd).unwrap().knows(None));
    assert!(KeySet::read(b"[]").is_err() && KeySet::read(&vec![b' '; 1 << 20]).is_err());
}

#[test]
fn a_person_is_sent_with_what_proves_the_attempt() {
    let url = client(Profile::Generic).authorization(&provider(), &attempt(), NOW).unwrap();
    // RFC 7636 appendix B has no such verifier; this is its SHA-256.
    let challenge = written(digest(&SHA256, "v".repeat(43).as_bytes()).as_ref());
    for part in [
        "https://idp.example/authorize?response_type=code&scope=openid&client_id=vedetta&",
        "redirect_uri=https%3A%2F%2Fnode.example%2Fsign-in%2Fcallback",
        "&state=s&nonce=n&",
        &format!("code_challenge={challenge}&code_challenge_method=S256"),
    ] {
        assert!(url.contains(part), "{part} in {url}");
    }
    assert!(!url.contains(&"v".repeat(43)), "the verifier stays here");
    let spid = Client { proof: Proof::Key(signer(RSA)), ..client(Profile::Spid) };
    let url = spid.authorization(&provider(), &attempt(), NOW).unwrap();
    let (beside, request) = url.split_once("&request=").unwrap();
    // What the authorization endpoints of SPID and CIE ask for beside the signed request.
    for part in ["response_type=code&", "scope=openid&", "client_id=vedetta&", "code_challenge="] {
        assert!(beside.contains(part), "{part} in {beside}");
    }
    assert!(beside.ends_with("&code_challenge_method=S256"), "{beside}");
    let asked = jose::verify(request, &keys(&signer(RSA))).unwrap();
    assert_eq!(asked["acr_values"], json!("https://www.spid.gov.it/SpidL2"));
    assert_eq!(asked["prompt"], json!("consent login"));
    assert!(
        beside.contains(&format!("code_challenge={}&", asked["code_challenge"].as_str().unwrap()))
    );
    assert_eq!(asked["claims"]["id_token"][FISCAL_NUMBER]["essential"], json!(true));
    assert_eq!((&asked["state"], &asked["aud"]), (&json!("s"), &json!([ISSUER])));
}

#[test]
fn a_code_is_redeemed_with_proof_of_the_client() {
    let (provider, attempt) = (provider(), attempt());
    let basic = client(Profile::Generic);
    let basic = basic.redemption(&provider, ("c&d", &attempt), ("1", NOW)).unwrap();
    let pair = STANDARD.encode("vedetta:a%20secret%3A%20of%20%2B%20signs");
    assert_eq!(basic.authorization, Some(format!("Basic {pair}")));
    assert!(basic.body.contains("code=c%26d") && basic.body.contains(&"v".repeat(43)));
    let signed = Client { proof: Proof::Key(signer(P256)), ..client(Profile::Cie) };
    let signed = signed.redemption(&provider, ("c", &attempt), ("1", NOW)).unwrap();
    assert_eq!(signed.authorization, None);
    let assertion = signed.body.split('&').find_map(|it| it.strip_prefix("client_assertion="));
    let said = jose::verify(assertion.unwrap(), &keys(&signer(P256))).unwrap();
    assert_eq!((&said["iss"], &said["sub"]), (&json!("vedetta"), &json!("vedetta")));
    assert_eq!((&said["aud"], &said["jti"]), (&json!("https://idp.example/token"), &json!("1")));
}

#[test]
fn documents_are_the_issuers_own_and_bounded() {
    let of = |body: &str| Discovery::read(body.as_bytes(), "https://other.example").is_err();
    assert!(of("{}") && of("") && of(&serde_json::to_string(&ISSUER).unwrap()));
    let foreign = json!({ "issuer": ISSUER, "authorization_endpoint": "a", "token_endpoint": "b",
        "jwks_uri": "c" });
    assert!(of(&foreign.to_string()), "another's");
    let own = |changed: &str, to: &str| {
        let mut own = json!({ "issuer": ISSUER, "authorization_endpoint": "https://idp.example/a",
            "token_endpoint": "https://idp.example/t", "jwks_uri": "https://idp.example/k" });
        own[changed] = json!(to);
        Discovery::read(own.to_string().as_bytes(), ISSUER).is_ok()
    };
    assert!(own("jwks_uri", "https://keys.example/k"));
    for endpoint in ["authorization_endpoint", "token_endpoint", "jwks_uri"] {
        assert!(!own(endpoint, "http://127.0.0.1/x"), "{endpoint}");
    }
    assert_eq!(Discovery::address("https://idp.example/"), Discovery::address(ISSUER));
    assert_eq!(token_in(br#"{"id_token":"a.b.c"}"#).as_deref(), Ok("a.b.c"));
    assert!(token_in(b"{}").is_err() && token_in(&vec![b' '; 1 << 20]).is_err());
    assert!(Signer::read(b"no key", None).is_err());
}
