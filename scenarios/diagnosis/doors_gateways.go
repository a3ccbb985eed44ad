package diagnosis

// gatewayDoors are gateways in front of APIs.
func gatewayDoors() []door {
	return []door{
		{
			cause: "api-gateway", who: "the API gateway Kong", header: `server: kong|x-kong-response-latency`, body: `no route matched with those values|no api key found in request|failure to get a peer|kong`,
			fix: "Add a route for POST and the webhook's path, without the plugins key-auth, jwt or ip-restriction; strip_path and preserve_host decide what the receiver sees.",
		},
		{
			cause: "api-gateway", who: "the API gateway Apigee", header: `server: apigee|x-apigee`, body: `oauth\.v2\.InvalidAccessToken|policies\.(ratelimit|oauth)|steps\.oauth|"errorcode" *: *"(oauth|messaging|policies|steps|protocol|keymanagement)\.|FailedToResolveAPIKey|unable to identify proxy for host`,
			fix: "Deploy a proxy with the webhook's base path and without VerifyAPIKey or OAuth in its flow.",
		},
		{
			cause: "api-gateway", who: "Azure API Management", header: `ocp-apim|www-authenticate: AzureApiManagementKey`, body: `access denied due to (missing|invalid) subscription key|"statusCode" *: *404, *"message" *: *"resource not found"`,
			fix: "Untick “subscription required” for the webhook's API, and add the operation POST with its path.",
		},
		{
			cause: "api-gateway", who: "the API gateway Tyk", header: `x-generator: tyk|server: tyk`, body: `"error" *: *"(authorization field missing|access to this api has been disallowed|requested endpoint is forbidden|key not authori[sz]ed)|tyk\.io`,
			fix: "Make the webhook's path keyless (use_keyless, or an ignored path).",
		},
		{
			cause: "api-gateway", who: "the API gateway KrakenD", header: `x-krakend`, body: `krakend`,
			fix: "Add an endpoint with method POST, pass the X-Webhook- headers on with input_headers, and use the encoding no-op so that the body stays as it is.",
		},
		{
			cause: "api-gateway", who: "Envoy (or Istio)", body: `rbac: access denied|no healthy upstream|upstream connect error|jwt is missing|jwt verification fails|ext_authz`,
			fix: "Its answer says which filter: RBAC or JWT want an exception for the webhook's path (an AuthorizationPolicy with notPaths); “no healthy upstream” is a receiver that does not run.", status: []int{401, 403, 404, 503},
		},
		{
			cause: "api-gateway", who: "an API gateway", status: []int{401, 403, 404, 429, 502, 503}, header: `server: .*(gateway|wso2|gravitee|ambassador|apisix|zuul|gloo)`, body: `\bapi gateway\b|no route (found|matched)|route not found in gateway|404 route not found|unauthori[sz]ed.{0,40}gateway|gravitee|wso2|apisix`,
			fix: "Give the gateway a route for POST and the webhook's path, without the authentication of its other routes, that leaves body and X-Webhook- headers as they are.",
		},
	}
}

// proxyDoors are the pages that proxies and web servers write by themselves.
func proxyDoors() []door {
	const apache = "No ProxyPass, alias or rewrite takes this path, or Require denies it: look at its error.log."
	const upstream = "The receiver behind it does not run, or not where the proxy looks: start it, and compare its port with the proxy's configuration (in containers: it must listen on 0.0.0.0)."
	return []door{
		{
			cause: "proxy-error", who: "nginx, which cannot reach the receiver behind it,", status: []int{502, 503, 504}, header: `server: (nginx|openresty)`, body: `<center>(nginx|openresty)`,
			fix: upstream + " Its error.log has the line.",
		},
		{
			cause: "proxy-page", who: "nginx itself", status: []int{403, 404, 405, 400, 401}, body: `<center>(nginx|openresty)`,
			fix: "No location of its configuration passes this path on (or it serves files there: 403, 405). Add location /webhooks/ { proxy_pass …; }, and look at allow, deny and auth_basic.",
		},
		{
			cause: "proxy-error", who: "Apache, which cannot reach the receiver behind it,", status: []int{502, 503, 504}, header: `server: apache`, body: `apache/\d|proxy error|the proxy server received an invalid response`,
			fix: upstream,
		},
		{
			cause: "proxy-page", who: "Apache itself", status: []int{403, 404, 405, 401}, body: `<address>apache`,
			fix: apache,
		},
		{ // others write these words too
			cause: "proxy-page", who: "Apache itself", status: []int{403, 404, 405, 401}, header: `server: apache`, body: `you don't have permission to access this resource|the requested url was not found on this server`, needBoth: true,
			fix: apache,
		},
		{
			cause: "proxy-page", who: "LiteSpeed itself", status: []int{403, 404, 405, 401}, body: `proudly powered by litespeed`,
			fix: "No rewrite takes this path, or an access rule denies it: look at the site's .htaccess and at the error log.",
		},
		{
			cause: "proxy-page", who: "HAProxy itself", status: []int{400}, body: `<h1>400 bad request</h1>\s*your browser sent an invalid request\.`,
			fix: "It cannot read the request, or a rule denies it: “show errors” on its socket tells which request, and http-request deny in its configuration may be what answers.",
		},
		{
			cause: "proxy-page", who: "the proxy Squid", header: `x-squid-error: .`,
			fix: "Its http_access rules deny this address, or it cannot reach it: x-squid-error says which. Send to the receiver without that proxy, or let webhooks pass.",
		},
		{
			cause: "proxy-error", who: "Caddy, which cannot reach the receiver behind it,", status: []int{502, 503, 504}, header: `server: caddy`,
			fix: upstream,
		},
		{
			cause: "proxy-page", who: "Caddy itself", status: []int{403, 404, 405}, header: `server: caddy`, body: `^\s*$`, needBoth: true,
			fix: "No matcher of its configuration takes this host and path: add reverse_proxy for it.",
		},
		{
			cause: "proxy-page", who: "Traefik, or another router without a route for this,", status: []int{404}, body: `^\s*404 page not found`, header: `server: traefik|x-traefik`, needBoth: true,
			fix: "No router's rule matches this host and path: Host(`…`) && PathPrefix(`/webhooks`).",
		},
		{
			cause: "proxy-page", who: "IIS itself", status: []int{401, 403, 404, 405, 404}, header: `server: microsoft-iis`, body: `IIS Web Core|internet information services|iis (\d+\.\d+ )?detailed error|server error in '/' application|405 - http verb|404 - file or directory`, needBoth: true,
			fix: "No handler takes this path or verb: look at the site's bindings, the handler mappings (WebDAV takes verbs away) and request filtering.",
		},
		{
			cause: "proxy-error", who: "a load balancer without a receiver behind it", status: []int{502, 503, 504}, header: `server: (awselb|haproxy|gws|google frontend|squid|varnish|traefik|kestrel-proxy)`, body: `no server is available to handle this request|bad gateway|service temporarily unavailable|gateway time-?out|no available server|backend fetch failed|upstream (error|unavailable|timed out)|ECONNREFUSED|connect error`,
			fix: upstream,
		},
		{
			cause: "static-server", who: "a server for files, which takes no POST,", status: []int{405, 501}, body: `unsupported method \('POST'\)|SimpleHTTP|MethodNotAllowed.{0,200}(HostId|RequestId)|only GET or HEAD`,
			fix: "Something else than the receiver listens there (python -m http.server, a bucket, a front end's development server): give the receiver's own address.",
		},
	}
}
