package store

import "fmt"

// AddImage puts the picture of a parcel beside it, if that still waits and has none.
func (tx *Tx) AddImage(txn string, bytes []byte) error {
	_, err := tx.exec(`INSERT INTO images (txn, bytes) SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM outbox WHERE txn = ?1 AND done = '')
		ON CONFLICT (txn) DO NOTHING`, txn, bytes)
	if err != nil {
		return fmt.Errorf("put the picture of %s into the outbox: %w", txn, err)
	}
	return nil
}

// Image returns the picture of a parcel: its bytes, or, once it was uploaded, where it is
// since. known is false when there is none any more.
func (tx *Tx) Image(txn string) (bytes []byte, uploaded string, known bool, err error) {
	_, known, err = one(tx, func(row scanner) (none struct{}, err error) {
		return none, row.Scan(&bytes, &uploaded)
	}, "SELECT bytes, uploaded FROM images WHERE txn = ?", txn)
	if err != nil {
		return nil, "", false, fmt.Errorf("read the picture of %s: %w", txn, err)
	}
	return bytes, uploaded, known, nil
}

// ImageUploaded stores where a picture is, and drops its bytes.
func (tx *Tx) ImageUploaded(txn, uploaded string) error {
	if _, err := tx.exec("UPDATE images SET bytes = x'', uploaded = ? WHERE txn = ?", uploaded, txn); err != nil {
		return fmt.Errorf("store where the picture of %s is: %w", txn, err)
	}
	return nil
}

// DropImage forgets a picture: its parcel went out, or goes without it.
func (tx *Tx) DropImage(txn string) error {
	if _, err := tx.exec("DELETE FROM images WHERE txn = ?", txn); err != nil {
		return fmt.Errorf("drop the picture of %s: %w", txn, err)
	}
	return nil
}
