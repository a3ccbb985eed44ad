package diagnosis

// modelDoors compare the body with a model or a schema before the webhook's code
// has seen it.
func modelDoors() []door {
	const why = " Verify the raw bytes first, and parse them afterwards: fields may be new or missing (TOL-4)."
	return []door{
		{
			cause: "event-refused", who: "the model that FastAPI (Pydantic) compares the body with", status: []int{422}, body: `"detail" *: *\[ *\{ *("type" *: *"[^"]*" *, *)?"loc" *: *\[ *"body"`,
			fix: "Take the raw request in the place of a model: async def webhook(request: Request), and await request.body()." + why,
		},
		{
			cause: "event-refused", who: "the schema that Fastify compares the body with", status: []int{400}, body: `FST_ERR_VALIDATION|"body(/\w+)* must (have required property|be |not )`,
			fix: "Leave schema.body off the webhook's route, and take the body as bytes: addContentTypeParser('application/json', {parseAs: 'buffer'}, …)." + why,
		},
		{
			cause: "event-refused", who: "the DTO that NestJS (its ValidationPipe) compares the body with", status: []int{400, 422}, body: `"message" *: *\[ *"[^"]*( should not (exist|be empty)| must be )`,
			fix: "Take @Req() req: RawBodyRequest<Request> in the place of a DTO in @Body(), with rawBody: true in NestFactory.create." + why,
		},
		{ // an error about a header, X-…, is another matter
			cause: "event-refused", who: "the model that ASP.NET compares the body with", status: []int{400}, body: `one or more validation errors occurred.{0,300}"errors" *: *\{ *"([^x"]|x[^-])`,
			fix: "Read Request.Body in the place of a [FromBody] model." + why,
		},
	}
}

// signedElsewhereDoors check the signature of something else than the delivery: of
// a token, or of the URL.
func signedElsewhereDoors() []door {
	const fix = "Sent sends no token, and signs in its own headers: exempt the webhook's path from that check (.unless({path: [/^\\/webhooks\\//]}) of express-jwt, permitAll() in Spring, [AllowAnonymous] in ASP.NET, authorization NONE in an API gateway). To test behind it, add the header with --header 'Authorization: Bearer TOKEN'."
	return []door{
		{
			cause: "signed-url", who: "Laravel's middleware for signed URLs (signed)", status: []int{401, 403, 500}, body: `Illuminate\\+Routing\\+Exceptions\\+InvalidSignatureException`, sure: true,
			fix: "Take the middleware signed (ValidateSignature) off the webhook's route: it wants a signature within the URL, as URL::signedRoute makes it, and Sent signs in its headers.",
		},
		{
			cause: "signed-url", who: "a check of links that expire or are signed", status: []int{400, 401, 403, 410}, sure: true, body: `\b(link|url)\b( (has|is|was))?( been)? (expired|invalid or expired)|expired (link|url)\b|(link|url)('s)? signature`,
			fix: "Take that check off the webhook's route: the registered address has no signature in it, and Sent signs in its headers.",
		},
		{
			cause: "other-auth", who: "a check of bearer tokens (JWT)", status: []int{400, 401, 403, 500}, sure: true, header: `www-authenticate: bearer\b.{0,200}invalid_token`,
			body: `\bjw[ts]\b.{0,80}(signature|expired|malformed|not active|must be provided)|signature.{0,80}\bjwt\b|invalid_token.{0,300}(signature|expired)|\b(access|id|bearer|auth(entication)?)[ _]token.{0,20}(signature|expired)|JsonWebTokenError|TokenExpiredError|node_modules/(express-jwt|jsonwebtoken|jose|passport-jwt)|io\.jsonwebtoken`,
			fix:  fix,
		},
		{
			cause: "other-auth", who: "a check of tokens", status: []int{400, 401, 403}, sure: true, everyPath: true, body: `\btoken\b.{0,20}(signature|expired)|(signature|expired).{0,20}\btoken\b`,
			fix: fix,
		},
		{
			cause: "other-auth", who: "a check of OAuth 1 signatures", status: []int{400, 401, 403}, sure: true, header: `www-authenticate: oauth\b.{0,200}(oauth_problem|signature)`, body: `oauth_(problem|signature)`,
			fix: "Sent sends no credentials but its signature: exempt the webhook's path from OAuth.",
		},
		{
			cause: "other-auth", who: "a check of API keys", status: []int{400, 401, 403}, sure: true, body: `\b(api|access|subscription|license)[ _-]?key\b.{0,20}(expired|revoked)|(expired|revoked).{0,10}\b(api|access|subscription|license)[ _-]?key\b`,
			fix: "Sent sends no API key: exempt the webhook's path from that check. To test behind it, add the header with --header 'NAME: VALUE'.",
		},
	}
}

// sessionDoors want a session or a plan that has not run out.
func sessionDoors() []door {
	const fix = "A webhook has no session: exempt the webhook's path from the login, and leave its own address registered."
	const ended = `\W+(\w+\W+){0,3}(expired|ended|over|lapsed|suspended|past due|inactive|cancell?ed)\b`
	return []door{
		{
			cause: "login", who: "a login, whose session is over,", status: []int{400, 401, 403, 440}, sure: true, body: `\bsession\b.{0,20}(expired|timed out|ended|invalid).{0,60}\b(log|sign)[ -]?(in|on)\b`,
			fix: fix,
		},
		{
			cause: "login", who: "a login, whose session is over,", status: []int{400, 401, 403, 440}, sure: true, everyPath: true, body: `\bsession\b.{0,20}(expired|timed out)`,
			fix: fix,
		},
		{
			cause: "unpaid", who: "a check of the plan or the bill", status: []int{401, 402, 403}, sure: true,
			body: `(^|["'] *|\b(your|the|free|paid|account's|team's) )(trial|subscription|plan|licen[cs]e)` + ended + `|\btrial` + ended + `|your account (is|has been|was) (suspended|disabled|deactivated)|(upgrade|renew) your (plan|subscription|licen[cs]e)|\b(insufficient|out of) credits?\b`,
			fix:  "Renew the plan of the account that this speaks of, or exempt the webhook's path from that check: what it refuses is lost after a few retries.",
		},
	}
}
