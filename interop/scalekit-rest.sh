#!/usr/bin/env bash
# Uses the management API over REST with curl: an organization from its making to its end. Needs the variables of a running lab.
set -euo pipefail
url=$SCALEKIT_ENVIRONMENT_URL
body=$(mktemp)
trap 'rm -f "$body"' EXIT

fail() {
	printf 'REST: %s\n' "$*" >&2
	cat "$body" >&2
	exit 1
}

# call STATUS METHOD PATH [JSON]: the answer is in $body.
call() {
	local want=$1 got data=()
	[[ $# -gt 3 ]] && data=(--data "$4" -H 'Content-Type: application/json')
	got=$(curl --silent --show-error --max-time 20 --output "$body" --write-out '%{http_code}' -X "$2" -H "Authorization: Bearer ${token-}" "${data[@]}" "$url/api/v1/$3")
	[[ $got == "$want" ]] || fail "$2 $3 answered $got, expected $want"
}

# value EXPRESSION prints a member of the answer, such as .organization.id.
value() { node -e 'const v = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(eval("v" + process.argv[2]))' "$body" "$1"; }
is() { [[ $(value "$1") == "$2" ]] || fail "$1 is not $2"; }

token=
call 401 GET organizations
is .code 16
is .message 'Token empty'
is '.details[0]["@type"]' type.googleapis.com/scalekit.v1.errdetails.ErrorInfo
is '.details[0].error_code' UNAUTHENTICATED

curl --silent --show-error --fail --output "$body" "$url/oauth/token" -d grant_type=client_credentials \
	-d client_id="$SCALEKIT_CLIENT_ID" -d client_secret="$SCALEKIT_CLIENT_SECRET"
token=$(value .access_token)

call 201 POST organizations '{"display_name":"Curl","external_id":"curl-1"}'
org=$(value .organization.id)
is .organization.display_name Curl
call 409 POST organizations '{"display_name":"Twin","external_id":"curl-1"}'
is .code 6
call 400 POST organizations '{}'
is .code 3
call 200 GET "organizations/$org"
call 200 GET organizations:external/curl-1
is .organization.id "$org"
call 200 PATCH "organizations/$org" '{"display_name":"Curl Inc"}'
is .organization.display_name 'Curl Inc'
call 200 PATCH "organizations/$org/settings" '{"features":[{"name":"sso","enabled":true}]}'
is '.organization.settings.features[0].name' sso
call 200 GET 'organizations?page_size=10'
is '.organizations.some((o) => o.display_name === "Curl Inc")' true
call 200 PUT "organizations/$org/portal_links?features=sso"
case $(value .link.location) in "$url"/magicLink/*) ;; *) fail "the portal link is elsewhere" ;; esac

call 201 POST "organizations/$org/connections" '{"provider":"IDP_SIMULATOR","type":"OIDC"}'
conn=$(value .connection.id)
call 200 PATCH "organizations/$org/connections/$conn:enable"
is .enabled true
call 200 GET "connections?organization_id=$org"
is '.connections[0].id' "$conn"
call 201 POST "organizations/$org/domains" '{"domain":"curl.example"}'
dom=$(value .domain.id)
call 200 GET "organizations/$org/domains/$dom"
is .domain.domain curl.example
call 200 GET 'connections?domain=curl.example'
is '.connections[0].id' "$conn"
call 201 POST "organizations/$org/users" '{"email":"ada@curl.example","user_profile":{"first_name":"Ada"}}'
user=$(value .user.id)
call 200 PATCH "users/$user" '{"user_profile":{"last_name":"Lovelace"}}'
call 200 GET "users/$user"
is .user.user_profile.last_name Lovelace
call 200 GET "organizations/$org/users"
is .users.length 1

call 200 DELETE "users/$user"
call 404 GET "users/$user"
is .code 5
call 200 DELETE "organizations/$org/domains/$dom"
call 200 PATCH "organizations/$org/connections/$conn:disable"
is .enabled false
call 200 DELETE "organizations/$org/connections/$conn"
call 200 DELETE "organizations/$org"
call 404 GET "organizations/$org"
call 501 GET 'logs/authentication/requests'
is .code 12
echo 'REST: every answer as documented'
