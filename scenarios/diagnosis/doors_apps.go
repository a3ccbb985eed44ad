package diagnosis

// csrfDoors are the protections of web frameworks against forged forms.
func csrfDoors() []door {
	const why = " Sent cannot send such a token, and the signature does what it is for."
	return []door{
		{
			cause: "csrf", who: "Laravel's CSRF protection", status: []int{419}, body: `page expired|csrf|.`,
			fix: "Exempt the webhook's route: $middleware->validateCsrfTokens(except: ['webhooks/*']) in bootstrap/app.php (Laravel 11 and later), $except of VerifyCsrfToken before; or put the route into routes/api.php." + why,
		},
		{
			cause: "csrf", who: "Laravel's CSRF protection", body: `csrf token mismatch|TokenMismatchException`,
			fix: "Exempt the webhook's route: $middleware->validateCsrfTokens(except: ['webhooks/*']), or put it into routes/api.php." + why,
		},
		{
			cause: "csrf", who: "Django's CSRF protection", status: []int{403}, body: `csrf verification failed|CSRF Failed|csrf cookie not set|csrf token missing|django.*csrf`,
			fix: "Put @csrf_exempt (django.views.decorators.csrf) on the webhook's view; in Django REST framework give the view authentication_classes = []." + why,
		},
		{
			cause: "csrf", who: "Rails' CSRF protection (protect_from_forgery)", body: `InvalidAuthenticityToken|authenticity.?token|can't verify csrf|the change you wanted was rejected`,
			fix: "In the webhook's controller: skip_forgery_protection (skip_before_action :verify_authenticity_token), or inherit from ActionController::API." + why,
		},
		{
			cause: "csrf", who: "Spring Security's CSRF protection", body: `invalid csrf token '|expected csrf token|could not verify the provided csrf|MissingCsrfToken|InvalidCsrfToken`,
			fix: "http.csrf(c -> c.ignoringRequestMatchers(\"/webhooks/**\")) and permitAll() for that path." + why,
		},
		{
			cause: "csrf", who: "ASP.NET's antiforgery check", status: []int{400, 403, 500}, body: `antiforgery|anti-forgery|__RequestVerificationToken`,
			fix: "[IgnoreAntiforgeryToken] on the action or page model, .DisableAntiforgery() on a minimal API's endpoint." + why,
		},
		{
			cause: "csrf", who: "Symfony's CSRF protection", body: `the csrf token is invalid|InvalidCsrfTokenException`,
			fix: "Take the webhook's route out of the firewall or form that checks the token (csrf_protection: false), and read $request->getContent()." + why,
		},
		{
			cause: "csrf", who: "CodeIgniter's CSRF filter", body: `the action you (have )?requested is not allowed|CodeIgniter.*(csrf|security)`,
			fix: "Except the webhook's URI from the csrf filter: 'csrf' => ['except' => ['webhooks/*']] in app/Config/Filters.php." + why,
		},
		{
			cause: "csrf", who: "a CSRF check of Express (csurf and its successors)", body: `EBADCSRFTOKEN|ForbiddenError: invalid csrf|invalid csrf token\b|misconfigured csrf`,
			fix: "Register the webhook's route before app.use(csrf()), or leave its path out." + why,
		},
		{
			cause: "csrf", who: "SvelteKit's check of the Origin", body: `cross-site (\w+ )*form submissions are forbidden`,
			fix: "It is for forms only: make sure that the request's Content-Type reaches it as application/json, or set csrf.trustedOrigins (kit.csrf in svelte.config.js)." + why,
		},
		{
			cause: "csrf", who: "a framework's check of the request's origin", body: `cross-origin request detected|invalid server actions request|origin (header )?(check|mismatch|not allowed|is not allowed|validation failed)|cross-site request|not allowed by cors`,
			fix: "Exempt the webhook's route from the check of Origin and Sec-Fetch-Site (Go: CrossOriginProtection.AddInsecureBypassPattern; Next.js: a route handler, not a server action; cors(): not on this route)." + why,
		},
		{
			cause: "csrf", who: "a CSRF check", body: `\bcsrf\b|\bxsrf\b|cross.site request forgery|forgery protection|session (has )?expired.{0,80}(reload|refresh)`,
			fix: "Exempt the webhook's route from the CSRF protection of the framework." + why,
		},
	}
}

// hostDoors know only some names for themselves.
func hostDoors() []door {
	const own = " Or send the name that it knows: --header 'Host: NAME'."
	return []door{
		{
			cause: "host-check", who: "a development server's host check (allowedHosts of Vite or webpack)", body: `blocked request.{0,40}host|allowedHosts|invalid host.?header|host is not allowed`,
			fix: "Add the host to server.allowedHosts (Vite) or devServer.allowedHosts (webpack); better send webhooks to the API server itself, not through the development server of the front end." + own,
		},
		{
			cause: "host-check", who: "Rails' HostAuthorization", body: `blocked hosts?:|HostAuthorization|config\.hosts`,
			fix: "config.hosts << \"NAME\" in config/environments/development.rb, or config.host_authorization = { exclude: ->(r) { r.path.start_with?(\"/webhooks\") } }." + own,
		},
		{
			cause: "host-check", who: "Django's host check (ALLOWED_HOSTS)", body: `DisallowedHost|invalid http_host header|ALLOWED_HOSTS`,
			fix: "Add the host to ALLOWED_HOSTS in settings.py." + own,
		},
		{
			cause: "host-check", who: "a host check", status: []int{400, 403, 404, 421}, body: `invalid host\b|(unknown|bad|unrecogni[sz]ed|untrusted|disallowed) host|host (header )?(is )?not (allowed|recogni[sz]ed|permitted|trusted)|hostname.{0,20}(not allowed|invalid)|invalid hostname|TrustedHost|untrusted host|misdirected request`,
			fix: "Let the receiver know the host name that the delivery is sent to (TrustedHostMiddleware allowed_hosts, trusted_hosts in Symfony, AllowedHosts in ASP.NET, a server_name in nginx)." + own,
		},
	}
}

// loginDoors want a person, or an account.
func loginDoors() []door {
	const fix = "A webhook cannot log in: exempt the webhook's path from the login, and leave its own address registered; the login's address is none to register."
	return []door{
		{
			cause: "login", who: "a login (Microsoft Entra ID, Azure AD)", status: []int{301, 302, 303, 307, 308, 401}, header: `location: https://login\.(microsoftonline|windows)`,
			fix: "On Azure App Service: Authentication, excluded paths (globalValidation.excludedPaths), or “allow unauthenticated requests” and check in the app. " + fix,
		},
		{
			cause: "login", who: "a login (Auth0, Okta, Keycloak, Cognito or Google)", status: []int{301, 302, 303, 307, 308}, header: `location: \S*(auth0\.com|okta(preview)?\.com|/realms/|/protocol/openid-connect|amazoncognito\.com|accounts\.google\.com|/oauth2?/(authorize|auth|start|sign_in)|/oauth2/authorization|/saml2?/|/openid|workos|clerk)`,
			fix: fix + " In oauth2-proxy: --skip-auth-route='POST=^/webhooks/'.",
		},
		{
			cause: "login", who: "a login page", status: []int{301, 302, 303, 307, 308}, header: `location: \S*(log[-_]?in|sign[-_]?in|log[-_]?on|/auth\b|/auth/|/sso|/session/new|/sessions/new|/account/|anmeld|connexion)`,
			fix: fix + " Where: middleware's matcher (Next.js), permitAll() (Spring), routes outside the auth group (Laravel, Rails' skip_before_action :authenticate_user!), [AllowAnonymous] (ASP.NET).",
		},
		{
			cause: "login", who: "a login page", status: []int{401, 403}, body: `(please|you must|you need to|must be) (log|sign)(ged)?[ -]?in|(log|sign)[ -]?in (is )?(required|to continue)|not logged in|"message" *: *"unauthenticated|authentication required|you need to sign in|session (is )?required|no active session`,
			fix: fix,
		},
	}
}

// accessDoors want credentials that Sent does not send, or an address that it does not have.
func accessDoors() []door {
	const fix = "Sent sends no credentials but its signature: exempt the webhook's path from that check. To test behind it, add the header with --header 'NAME: VALUE'."
	return []door{
		{
			cause: "basic-auth", who: "basic authentication (a user and a password)", status: []int{401}, header: `www-authenticate: basic`,
			fix: "Exempt the webhook's path (satisfy any or auth_basic off in nginx, Require all granted in Apache, a matcher in Caddy or middleware). " + fix,
		},
		{
			cause: "other-auth", who: "a check of bearer tokens", status: []int{401, 403}, header: `www-authenticate: (bearer|dpop)`, body: `bearer|access.?token|\bjwt\b|authorization header|no (\w+ )?token|missing token|token (is )?(missing|required|invalid|not provided)|not enough segments|Authorization required|credentials were not provided|"detail" *: *"not authenticated`,
			fix: fix,
		},
		{
			cause: "other-auth", who: "a check of API keys", status: []int{400, 401, 403}, header: `www-authenticate: (apikey|key|api)`, body: `api.?key|subscription key|x-api-key|access key|client.?id (is )?(missing|required)`,
			fix: fix,
		},
		{
			cause: "other-auth", who: "another kind of authentication", status: []int{401, 407}, header: `(www|proxy)-authenticate: (digest|negotiate|ntlm|hawk|aws4|oauth|token)`,
			fix: fix,
		},
		{
			cause: "ip-allow-list", who: "a list of allowed addresses", status: []int{401, 403, 404}, body: `(your )?\bip\b.{0,40}(not (allowed|permitted|whitelisted|authori[sz]ed|in)|block|den|restrict|forbid)|address.{0,30}(not (allowed|permitted|authori[sz]ed)|block|den)|allow.?list|white.?list|(not allowed|blocked|denied).{0,20}\bip\b|untrusted source|geo.?block|country.{0,30}(block|not allowed)`,
			fix: "Let Sent's addresses in (for a test, this machine's as well), or better take the list off the webhook's path: the signature proves who sends. Behind a proxy the list must read X-Forwarded-For of the proxy that is trusted.",
		},
	}
}
