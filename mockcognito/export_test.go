package mockcognito

import "github.com/ssolab/ssolab/mockcognito/internal/userpool"

// Directory is the server's state, for tests that change a pool while it is served.
func (s *Server) Directory() *userpool.Directory { return s.directory }
