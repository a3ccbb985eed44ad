package diagnosis

// csrfDoors are the protections of web frameworks against forged forms.
func csrfDoors() []door {
	const why = " Sent cannot send such a token, and the signature does what it is for."
	return []door{
		{ // its words are those of others, its stack is its own
			cause: "csrf", who: "a CSRF check of Express (lusca)", body: `node_modules/lusca`,
			fix: "Register the webhook's route before app.use(lusca(…)) or lusca.csrf(), so that its requests never get there." + why,
		},
		{
			cause: "csrf", who: "Laravel's CSRF protection", status: []int{419}, body: `page expired|csrf|.`,
			fix: "Exempt the webhook's route: $middleware->validateCsrfTokens(except: ['webhooks/*']) in bootstrap/app.php (Laravel 11 and later), $except of VerifyCsrfToken before; or put the route into routes/api.php." + why,
		},
		{
			cause: "csrf", who: "Laravel's CSRF protection", body: `csrf token mismatch|TokenMismatchException`,
			fix: "Exempt the webhook's route: $middleware->validateCsrfTokens(except: ['webhooks/*']), or put it into routes/api.php." + why,
		},
		{
			cause: "csrf", who: "Phoenix' CSRF protection (Plug.CSRFProtection)", body: `Plug\.CSRFProtection|InvalidCSRFTokenError|invalid csrf \(cross site request forgery\) token`,
			fix: "Put the webhook's route into a pipeline without plug :protect_from_forgery: one like :api, not :browser." + why,
		},
		{
			cause: "csrf", who: "Odoo's CSRF protection", body: `session expired \(invalid csrf token\)|odoo.{0,200}csrf`,
			fix: "Give the webhook's route csrf=False: @http.route('/webhooks/sent', type='http', auth='public', methods=['POST'], csrf=False), and read request.httprequest.get_data()." + why,
		},
		{
			cause: "csrf", who: "Magento's CSRF protection (its form key)", body: `invalid form key`,
			fix: "Let the webhook's controller implement CsrfAwareActionInterface: validateForCsrf returns true, createCsrfValidationException null." + why,
		},
		{
			cause: "csrf", who: "the CSRF protection of Flask (Flask-WTF)", body: `the csrf (session )?token(s do not match| is missing| has expired| is invalid\.\s*(<|"|$))|the referrer (header is missing|does not match the host)`,
			fix: "Put @csrf.exempt on the webhook's view (csrf is the CSRFProtect), or csrf.exempt(blueprint)." + why,
		},
		{
			cause: "csrf", who: "Drupal's CSRF protection", body: `x-csrf-token request header is (missing|invalid)`,
			fix: "Leave _csrf_request_header_token (and _csrf_token) out of the requirements of the webhook's route, and give it no cookie authentication." + why,
		},
		{
			cause: "csrf", who: "Yii's CSRF validation", body: `unable to verify your data submission`,
			fix: "In the webhook's controller: public $enableCsrfValidation = false." + why,
		},
		{
			cause: "csrf", who: "CakePHP's CSRF protection", body: `csrf token from either the request body or request headers|missing or (incorrect|invalid) csrf cookie|Cake\\+Http\S*csrf`,
			fix: "Keep CsrfProtectionMiddleware off the webhook's route: a routing scope without it, or skipCheckCallback." + why,
		},
		{
			cause: "csrf", who: "AdonisJS' CSRF protection", body: `E_BAD_CSRF_TOKEN|invalid or expired csrf token`,
			fix: "Name the webhook's route in csrf.exceptRoutes of config/shield.ts." + why,
		},
		{
			cause: "csrf", who: "the CSRF protection gorilla/csrf", body: `forbidden - (csrf token|referer|origin)`,
			fix: "Register the webhook's route outside csrf.Protect, or pass its requests through csrf.UnsafeSkipCheck before it." + why,
		},
		{
			cause: "csrf", who: "Django's CSRF protection", status: []int{403}, body: `csrf verification failed|CSRF Failed|csrf cookie not set|django.*csrf`,
			fix: "Put @csrf_exempt (django.views.decorators.csrf) on the webhook's view; in Django REST framework give the view authentication_classes = []." + why,
		},
		{
			cause: "csrf", who: "Rails' CSRF protection (protect_from_forgery)", body: `InvalidAuthenticityToken|authenticity.?token|can't verify csrf|the change you wanted was rejected`,
			fix: "In the webhook's controller: skip_forgery_protection (skip_before_action :verify_authenticity_token), or inherit from ActionController::API." + why,
		},
		{
			cause: "csrf", who: "Spring Security's CSRF protection", body: `invalid csrf token '|expected csrf token|could not verify the provided csrf|MissingCsrfToken|springframework\S*csrf`,
			fix: "http.csrf(c -> c.ignoringRequestMatchers(\"/webhooks/**\")) and permitAll() for that path." + why,
		},
		{ // its headers are on every answer, and Boot writes this of errors that a controller throws
			cause: "csrf", who: "Spring Security (its CSRF protection, or a rule that lets nobody in without a login)", status: []int{401, 403}, everyPath: true, needBoth: true,
			header: `cache-control: no-cache, no-store, max-age=0, must-revalidate`,
			body:   `^\s*$|"status" *: *40[13],.*"error" *: *"(forbidden|unauthorized)"|type=(forbidden|unauthorized), status=40[13]`,
			fix:    "In the SecurityFilterChain: http.csrf(c -> c.ignoringRequestMatchers(\"/webhooks/**\")) and authorizeHttpRequests(a -> a.requestMatchers(\"/webhooks/**\").permitAll() …); also for /error, which it passes on to." + why,
		},
		{
			cause: "csrf", who: "ASP.NET's antiforgery check", status: []int{400, 403, 500}, body: `antiforgery|anti-forgery|__RequestVerificationToken`,
			fix: "[IgnoreAntiforgeryToken] on the action or page model, .DisableAntiforgery() on a minimal API's endpoint." + why,
		},
		{
			cause: "csrf", who: "Symfony's CSRF protection", body: `the csrf token is invalid\. please|InvalidCsrfTokenException|invalid csrf token.{0,600}Symfony\\+(Component|Bundle)`,
			fix: "Take the webhook's route out of the firewall or form that checks the token (csrf_protection: false), and read $request->getContent()." + why,
		},
		{
			cause: "csrf", who: "CodeIgniter's CSRF filter", body: `the action you (have )?requested is not allowed|CodeIgniter.*(csrf|security)`,
			fix: "Except the webhook's URI from the csrf filter: 'csrf' => ['except' => ['webhooks/*']] in app/Config/Filters.php." + why,
		},
		{
			cause: "csrf", who: "a CSRF check of Express (csurf and its successors)", body: `EBADCSRFTOKEN|ForbiddenError: invalid csrf|invalid csrf token\b|misconfigured csrf|csrf.{0,400}node_modules/|node_modules/\S*csrf`,
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
			cause: "host-check", who: "Starlette's host check (TrustedHostMiddleware, also in FastAPI)", status: []int{400}, body: `^\s*invalid host header\b`,
			fix: "Add the host to allowed_hosts of TrustedHostMiddleware." + own,
		},
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
			cause: "host-check", who: "Django, most likely its host check (ALLOWED_HOSTS),", status: []int{400}, body: `<h1>bad request \(400\)</h1>`,
			fix: "Add the host to ALLOWED_HOSTS in settings.py. Django writes this page of anything suspicious in a request, and what it was to the log django.security (DisallowedHost for the host)." + own,
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
			cause: "login", who: "a login (the middleware of Clerk, which hides routes from those who are signed out)", status: []int{401, 403, 404}, header: `x-clerk-auth-reason: \S*protect-`, sure: true,
			fix: fix + " In clerkMiddleware: auth.protect() only where createRouteMatcher finds no webhook, or a matcher in config that leaves /webhooks/ out.",
		},
		{
			cause: "login", who: "a login (oauth2-proxy)", status: []int{401, 403}, body: `/oauth2/(start|sign_in)\b`, sure: true,
			fix: fix + " In oauth2-proxy: --skip-auth-route='POST=^/webhooks/'.",
		},
		{
			cause: "login", who: "a login (authentik)", status: []int{301, 302, 303, 307, 308, 401, 403}, header: `location: \S*(goauthentik\.io|/if/flow/)`, body: `outpost\.goauthentik\.io`, sure: true,
			fix: fix + " In authentik: the provider's unauthenticated paths, ^/webhooks/.*.",
		},
		{
			cause: "login", who: "a login (Authelia, or another that the proxy asks first)", status: []int{301, 302, 303, 307, 308, 401, 403}, header: `location: https?://\S*[?&]rd=`, sure: true,
			fix: fix + " In Authelia: a rule of access_control with policy: bypass and resources: ['^/webhooks/.*$'], before the others; or no forward authentication on that path in the proxy.",
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
			cause: "client-certificate", who: "a server that wants a certificate of the client (mutual TLS)", status: []int{400, 401, 403, 496},
			body: `no required ssl certificate was sent|the ssl certificate error|client (ssl |tls )?certificate (is |was )?(required|missing|not (sent|provided|presented))|requires a client certificate`,
			fix:  "Sent shows no certificate of its own: exempt the webhook's location. In nginx: ssl_verify_client optional, and in the locations that want one: if ($ssl_client_verify != SUCCESS) { return 403; }; or a host name for webhooks without it.",
		},
		{
			cause: "other-auth", who: "WordPress, whose REST API wants a permission,", status: []int{401, 403}, body: `"code" *: *"rest_(forbidden|not_logged_in|unauthorized|login_required|cannot_\w+)|sorry, you are not allowed to do that`,
			fix: "Register the webhook's route with 'permission_callback' => '__return_true', and verify the signature in its callback; a plugin that closes the REST API (rest_authentication_errors) must except the route. If permission_callback is what verifies the signature, compare its signing secret.",
		},
		{
			cause: "other-auth", who: "Hasura, which wants its own secret,", status: []int{401, 403}, body: `x-hasura-(admin-secret|access-key)\b.{0,40}required`, sure: true,
			fix: "What listens there is Hasura's API and not the receiver: give the address of the action or function that takes webhooks. To test behind it, add the header with --header 'X-Hasura-Admin-Secret: VALUE'.",
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
			cause: "other-auth", who: "a check of API keys", status: []int{400, 401, 403}, body: `^\W*(\w+\W+)?invalid key\b\W*(\n|$)`, sure: true, everyPath: true,
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
