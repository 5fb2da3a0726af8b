package idp

import "math"

// The types of the service model that several operations share, by their names there.

var (
	wordPattern   = matching(`[\w\s+=,.@-]+`)
	namePattern   = matching(`[\p{L}\p{M}\p{S}\p{N}\p{P}]+`)
	spacedPattern = matching(`[\p{L}\p{M}\p{S}\p{N}\p{P}\p{Z}]+`)
	linePattern   = matching(`[\p{L}\p{M}\p{S}\p{N}\p{P}\s]+`)
	codePattern   = matching(`.*\{####\}.*`)
	scopePattern  = matching(`[\x21\x23-\x5B\x5D-\x7E]+`)
	natural       = Integer{0, math.MaxInt32}
	flag          = Boolean{}
	anyString     = Text{}
	arn           = str(20, 2048).like(matching(`arn:[\w+=/,.@-]+:[\w+=/,.@-]+:([\w+=/,.@-]*)?:[0-9]+:[\w+=/,.@-]+(:[\w+=/,.@-]+)?(:[\w+=/,.@-]+)?`))

	userPoolID       = str(1, 55).like(matching(`[\w-]+_[0-9a-zA-Z]+`))
	userPoolName     = str(1, 128).like(wordPattern)
	clientID         = str(1, 128).like(matching(`[\w+]+`)).secret()
	clientSecret     = str(24, 64).like(matching(`[\w+]+`)).secret()
	secretID         = str(1, 128)
	domainName       = str(1, 63).like(matching(`^[a-z0-9](?:[a-z0-9\-\.]{0,61}[a-z0-9])?$`))
	providerName     = str(1, 32).like(spacedPattern)
	newProviderName  = str(1, 32).like(matching(`[^_\p{Z}][\p{L}\p{M}\p{S}\p{N}\p{P}][^_\p{Z}]+`))
	idpIdentifier    = str(1, 40).like(matching(`[\w\s+=.@-]+`))
	resourceServerID = str(1, 256).like(scopePattern)
	groupName        = str(1, 128).like(namePattern)
	username         = str(1, 128).like(namePattern).secret()
	password         = str(0, 256).secret()
	attributeName    = str(1, 32).like(matching(`[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+`))
	nextToken        = str(1, 131072).like(matching(`[\S]+`))
	message          = str(6, 140).like(codePattern)
	emailMessage     = str(6, 20000)
	emailSubject     = str(1, 140).like(linePattern)
	redirectURL      = str(1, 1024).like(namePattern)

	attributeType = Structure{required("Name", attributeName), optional("Value", str(0, 2048).secret())}
	stringMap     = Map{Key: Text{}, Value: Text{}}
	tags          = Map{Key: str(1, 128), Value: str(0, 256)}
	metadata      = Map{Key: str(0, 131072), Value: str(0, 131072)}
)

// poolMember is in nearly every operation.
var poolMember = required("UserPoolId", userPoolID)
