package homeserver

// media are the files that were uploaded, by "server/id".
type media map[string][]byte

// raw is an answer that is no JSON.
type raw []byte

func (s *Server) upload(c *call) (any, error) {
	id := s.name("media", s.count("media"))
	s.media[s.options.Name+"/"+id] = c.Body
	return object{"content_uri": "mxc://" + s.options.Name + "/" + id}, nil
}

func (s *Server) download(c *call) (any, error) {
	file, known := s.media[c.vars["server"]+"/"+c.vars["media"]]
	if !known {
		return nil, refuse(404, "M_NOT_FOUND", "no such file")
	}
	return raw(file), nil
}

// Media returns every file that was uploaded, by its id.
func (s *Server) Media() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string][]byte{}
	for id, file := range s.media {
		all["mxc://"+id] = file
	}
	return all
}
